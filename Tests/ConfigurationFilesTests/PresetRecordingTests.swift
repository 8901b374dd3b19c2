import Foundation
import Testing

@testable import ConfigurationFiles
@testable import Telemetry

/// Each preset counts in the recorded exposition of the real program what the recorder sent: 20 requests that were answered
/// with 200, then 5 with 500, and, of proxies and of a server with several workers, two of each after a reload.
struct PresetRecordingTests {
    private static let folder = #filePath.replacing("PresetRecordingTests.swift", with: "Expositions")

    struct Recording: Sendable, CustomTestStringConvertible {
        let program: String
        let preset: String
        /// One per pool; empty matches everything.
        var pools = [SeriesMatchers()]
        /// Scrapes that the exporter counts and that no label shows, by state.
        var scrapes = ["before": 0.0, "ok": 0.0, "failed": 0.0]
        /// What happened to the program afterwards, and what it did to the counters, in the order of the states.
        var events: [(state: String, counters: CounterFate)] = []

        enum CounterFate {
            case `continue`
            /// They begin again at 0.
            case restart
        }

        var testDescription: String { program }
    }

    private static func pools(_ label: String, _ values: String...) -> [SeriesMatchers] {
        values.map { SeriesMatchers([SeriesSelector.Matcher(label: label, comparison: .equal, value: $0)]) }
    }

    static let recordings = [
        Recording(program: "flask", preset: "flask"), Recording(program: "fastapi", preset: "fastapi"),
        Recording(program: "starlette", preset: "starlette"), Recording(program: "grpc", preset: "grpc"),
        Recording(program: "django", preset: "django", scrapes: ["before": 1, "ok": 2, "failed": 3]),
        Recording(program: "opentelemetry", preset: "opentelemetry"),
        Recording(program: "opentelemetry-old", preset: "opentelemetry-old"),
        // Workers share files of counters, which outlive them; nothing says when they began.
        Recording(
            program: "flask-gunicorn", preset: "flask",
            events: [("reloaded", .continue), ("killed", .continue), ("restarted", .restart)]),
        // Caddy's counters begin again, and its start time stays.
        Recording(program: "caddy", preset: "caddy", events: [("reloaded", .restart)]),
        Recording(
            program: "haproxy", preset: "haproxy", pools: pools("server", "old1", "new1"),
            events: [("reloaded", .restart)]),
        Recording(
            program: "traefik", preset: "traefik", pools: pools("service", "old@file", "new@file"),
            events: [("reloaded", .continue)]),
        Recording(
            program: "envoy", preset: "envoy", pools: pools("envoy_cluster_name", "old", "new"),
            events: [("reloaded", .restart)]),
    ]

    private static func samples(_ program: String, _ state: String) throws -> [ExpositionSample] {
        let body = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(program).\(state).txt"))
        return try Exposition.samples(in: [UInt8](body), format: .prometheusText)
    }

    private struct Counts {
        var requests = 0.0
        var errors = 0.0
        var latencies = 0.0
        var bounds: Set<Double> = []
        /// Of the pools, how many have requests.
        var pools = 0
    }

    private static func counts(_ recording: Recording, _ state: String) throws -> Counts {
        let list = try #require(ServicePresets.named(recording.preset)).watchList
        let samples = try samples(recording.program, state)
        var counts = Counts()
        for pool in recording.pools {
            let classifier = try SeriesClassifier(list.narrowed(by: pool))
            var requests = 0.0
            for sample in samples {
                let roles = classifier.roles(of: sample)
                if roles.isRequests { requests += sample.value }
                if roles.isErrors { counts.errors += sample.value }
                if roles.isLatencyCount { counts.latencies += sample.value }
                if let bound = roles.bucketBound { counts.bounds.insert(bound) }
                #expect(!roles.lacksOutcome, "\(sample)")
            }
            counts.requests += requests
            if requests > 0 { counts.pools += 1 }
        }
        return counts
    }

    @Test(arguments: recordings) func thePresetCountsWhatWasSent(_ recording: Recording) throws {
        for (state, requests, errors) in [("before", 0.0, 0.0), ("ok", 20, 0), ("failed", 25, 5)] {
            let counts = try Self.counts(recording, state)
            #expect(counts.requests == requests + (recording.scrapes[state] ?? 0), "\(state)")
            #expect(counts.errors == errors, "\(state)")
            if requests > 0 { #expect(counts.pools == recording.pools.count, "\(state)") }
        }
    }

    /// Nothing from before a reload is counted again, whether the counters continue or begin again, and nothing is lost where they
    /// continue. A scrape may be held back until the next one confirms it, so what counts is the sum.
    @Test(arguments: recordings.filter { !$0.events.isEmpty })
    func overAReloadNothingIsCountedTwice(_ recording: Recording) throws {
        let counted = try Self.sums(recording, ["ok", "failed"] + recording.events.map(\.state)).dropFirst(2)
        var (requests, errors, continues) = (5.0, 5.0, true)
        for (event, sums) in zip(recording.events, counted) {
            (requests, errors) = (requests + 4, errors + 2)
            continues = continues && event.counters == .continue
            let shown = "\(event.state): \(sums.requests) of \(requests) requests, \(sums.errors) of \(errors) errors"
            // A scrape in which counters begin again may be withheld.
            #expect(sums.requests <= requests && sums.errors <= errors, "\(shown)")
            if continues { #expect(sums.requests == requests && sums.errors == errors, "\(shown)") }
        }
    }

    /// What a reader of each pool has counted up to each state, over all pools.
    private static func sums(
        _ recording: Recording, _ states: [String]
    ) throws -> [(requests: Double, errors: Double)] {
        let list = try #require(ServicePresets.named(recording.preset)).watchList
        var sums = states.map { _ in (requests: 0.0, errors: 0.0) }
        for pool in recording.pools {
            var reader = try TargetReader(watch: list.narrowed(by: pool), limits: ScrapeLimits())
            for (index, state) in states.enumerated() {
                let body = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(recording.program).\(state).txt"))
                let reading = try reader.read(
                    [UInt8](body), format: .prometheusText, atUptimeMs: Int64(index) * 10_000, countNewWithin: nil)
                for later in index..<states.count {
                    sums[later].requests += reading.requests ?? 0
                    sums[later].errors += reading.errors ?? 0
                }
            }
        }
        return sums
    }

    /// Every answer came from loopback, within far less than the largest bound; a unit that is a thousand times wrong shows.
    @Test(arguments: recordings) func latenciesAreInSeconds(_ recording: Recording) throws {
        let preset = try #require(ServicePresets.named(recording.preset))
        guard preset.latency != nil else { return }
        let counts = try Self.counts(recording, "failed")
        #expect(counts.latencies >= 25)
        let finite = counts.bounds.filter(\.isFinite)
        #expect(try #require(finite.min()) <= 0.5 && #require(finite.max()) >= 1)
    }

    @Test(arguments: recordings) func theExpositionIsRecognisedAsItsExporter(_ recording: Recording) throws {
        let found = PresetRecognition.recognise(try Self.samples(recording.program, "ok"))
        #expect(found?.preset?.name == recording.preset)
        #expect((found?.indicators.latency == nil) == (ServicePresets.named(recording.preset)?.latency == nil))
    }

    /// etcd's names are those of go-grpc-prometheus. Nothing fails in it, but all codes have a series from the start, so that
    /// the spelling of the failures can be compared.
    @Test func goAndPythonSpellTheCodesOfGRPCDifferently() throws {
        let classifier = try SeriesClassifier(try #require(ServicePresets.named("grpc")).watchList)
        let before = try Self.samples("etcd", "before")
        let codes = Set(
            before.filter { classifier.roles(of: $0).isErrors }.flatMap(\.labels).filter { $0.name == "grpc_code" }
                .map(\.value))
        #expect(
            codes == ["Unknown", "DeadlineExceeded", "Unimplemented", "Internal", "Unavailable", "DataLoss"])
        let ok = try Self.samples("etcd", "ok").filter { classifier.roles(of: $0).isRequests }
        #expect(ok.reduce(0) { $0 + $1.value } == 20)
    }

    @Test func whatWasRunIsRecorded() {
        let run = ServicePresets.all.filter { $0.trial != .notRun }.map(\.name)
        #expect(Set(run) == Set(Self.recordings.map(\.preset)))
    }
}

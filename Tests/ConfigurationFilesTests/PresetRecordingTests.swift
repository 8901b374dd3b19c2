import Foundation
import Testing

@testable import ConfigurationFiles
@testable import Telemetry

/// Each preset counts in the recorded exposition of the real program what the recorder sent: 20 requests that were answered
/// with 200, then 5 with 500, and, of proxies, two of each after a reload.
struct PresetRecordingTests {
    private static let folder = #filePath.replacing("PresetRecordingTests.swift", with: "Expositions")

    struct Recording: Sendable, CustomTestStringConvertible {
        let program: String
        let preset: String
        /// One per pool; empty matches everything.
        var pools = [SeriesMatchers()]
        /// Scrapes that the exporter counts and that no label shows, by state.
        var scrapes = ["before": 0.0, "ok": 0.0, "failed": 0.0]
        /// What a reload does to the counters; nil for a program that has none.
        var reload: Reload?

        enum Reload {
            case continues
            /// They begin again at 0.
            case restarts
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
        // Caddy's counters begin again, and its start time stays.
        Recording(program: "caddy", preset: "caddy", reload: .restarts),
        Recording(
            program: "haproxy", preset: "haproxy", pools: pools("server", "old1", "new1"), reload: .restarts),
        Recording(
            program: "traefik", preset: "traefik", pools: pools("service", "old@file", "new@file"),
            reload: .continues),
        Recording(
            program: "envoy", preset: "envoy", pools: pools("envoy_cluster_name", "old", "new"), reload: .restarts),
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

    /// Nothing from before the reload is counted again, whether the counters continue or begin again.
    @Test(arguments: recordings.filter { $0.reload != nil })
    func overAReloadNothingIsCountedTwice(_ recording: Recording) throws {
        let list = try #require(ServicePresets.named(recording.preset)).watchList
        var (requests, errors) = (0.0, 0.0)
        for pool in recording.pools {
            var reader = try TargetReader(watch: list.narrowed(by: pool), limits: ScrapeLimits())
            var readings: [TargetReading] = []
            for (index, state) in ["ok", "failed", "reloaded"].enumerated() {
                let body = try Data(
                    contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(recording.program).\(state).txt"))
                readings.append(
                    try reader.read(
                        [UInt8](body), format: .prometheusText, atUptimeMs: Int64(index) * 10_000, countNewWithin: nil))
            }
            requests += readings[2].requests ?? 0
            errors += readings[2].errors ?? 0
        }
        switch recording.reload {
        case .continues: #expect(requests == 4 && errors == 2, "\(requests) requests, \(errors) errors")
        // A scrape in which counters begin again may be withheld.
        default: #expect(requests <= 4 && errors <= 2, "\(requests) requests, \(errors) errors")
        }
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

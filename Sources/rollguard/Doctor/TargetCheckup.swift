import ConfigurationFiles
import Foundation
import Model
import Ports
import Scraping
import Support
import SystemSupport
import Telemetry

/// Scrapes every target of a release once.
struct TargetCheckup {
    /// Scrapes at the same time.
    private static let width = 20
    /// A clock that is further off makes alerts and incidents hard to follow.
    private static let clockToleranceSeconds = 5.0

    let release: ReleasePlan
    let transport: any HTTPTransport
    var hostNames: any HostNames = SystemHostNames()

    private struct Scrape: Sendable {
        let pool: Pool
        let index: Int
        let findings: [CheckupFinding]
        /// Of the target's clock, seconds ahead of this one; nil when it does not say its time.
        let clockAheadSeconds: Double?
    }

    func findings() async -> [CheckupFinding] {
        let addresses = await addresses()
        let targets = Pool.allCases.filter { release.pool($0).server == nil }.flatMap { pool in
            release.pool(pool).targets.flatMap { target -> [TargetPlan] in
                target.hostName.flatMap { addresses[$0] }.map { $0.map(target.at) } ?? [target]
            }.enumerated().map { (pool: pool, index: $0.offset, target: $0.element) }
        }
        var scrapes: [Scrape] = []
        await withTaskGroup(of: Scrape.self) { group in
            var next = 0
            func add() {
                guard next < targets.count else { return }
                let (pool, index, target) = targets[next]
                next += 1
                group.addTask { await scrape(pool, index, target) }
            }
            for _ in 0..<Self.width { add() }
            while let scrape = await group.next() {
                scrapes.append(scrape)
                add()
            }
        }
        scrapes.sort { ($0.pool == .canary ? 1 : 0, $0.index) < ($1.pool == .canary ? 1 : 0, $1.index) }
        let ofServers = await ServerCheckup(release: release, transport: transport).findings()
        return several(addresses) + scrapes.flatMap(\.findings) + ofServers + clock(scrapes)
    }

    /// Of the names in 'targets' that have several, as the daemon scrapes them.
    private func addresses() async -> [String: [String]] {
        var several: [String: [String]] = [:]
        for name in release.hostNames {
            guard case .addresses(let all) = await hostNames.addresses(of: name), all.count > 1 else { continue }
            several[name] = all
        }
        return several
    }

    private func several(_ addresses: [String: [String]]) -> [CheckupFinding] {
        addresses.sorted { $0.key < $1.key }.map { name, all in
            let shown = all.prefix(8).joined(separator: ", ") + (all.count > 8 ? ", …" : "")
            return .ok(
                "\(release.name): \(name)",
                "it has \(all.count) addresses (\(shown)); each of them is scraped as a target")
        }
    }

    private func scrape(_ pool: Pool, _ index: Int, _ target: TargetPlan) async -> Scrape {
        let subject = "\(release.name): \(pool.rawValue) \(target.instance)"
        let began = ContinuousClock.now
        do throws(TransportError) {
            let response = try await transport.send(ScrapeRequest.make(target: target, scrape: patientScrape))
            let milliseconds = (ContinuousClock.now - began) / .milliseconds(1)
            var findings = read(response, of: pool, subject, milliseconds: milliseconds)
            if milliseconds > Double(release.scrape.timeoutMs) {
                let limit = "'timeout' is \(release.scrape.timeoutMs) ms"
                findings.append(.warning(subject, "it took \(Int(milliseconds)) ms, and \(limit): such a scrape fails"))
            }
            return Scrape(pool: pool, index: index, findings: findings, clockAheadSeconds: Self.ahead(response))
        } catch {
            return Scrape(pool: pool, index: index, findings: [.error(subject, "\(error)")], clockAheadSeconds: nil)
        }
    }

    /// Waits long enough to see how long a slow target takes.
    private var patientScrape: ScrapePlan {
        var scrape = release.scrape
        scrape.timeoutMs = max(scrape.timeoutMs, 10_000)
        scrape.intervalMs = max(scrape.intervalMs, 2 * scrape.timeoutMs)
        return scrape
    }

    private func read(
        _ response: HTTPResponse, of pool: Pool, _ subject: String, milliseconds: Double
    ) -> [CheckupFinding] {
        guard response.status == 200 else {
            return [.error(subject, "it answered with status \(response.status); is the path right?")]
        }
        let watch = release.indicators(of: pool)
        do {
            let format = try ExpositionFormat(
                contentType: response.header("Content-Type"), fallback: release.scrape.fallbackFormat)
            if let reason = CutScrapeBody.reason(response, format: format) {
                return [.error(subject, "the scrape body \(reason)")]
            }
            var reader = try TargetReader(watch: watch, limits: release.scrape.limits)
            let reading = try reader.read(response.body, format: format, atUptimeMs: 0, countNewWithin: nil)
            let doubts = IndicatorDiagnosis.findings(
                watch, matches: reading.matches, body: response.body, format: format,
                needsPercentiles: release.usesPercentiles)
            let text =
                "\(reading.samples) samples in \(Int(milliseconds.rounded())) ms; \(Self.matches(watch, reading))"
                + Self.fitting(response.body, format: format)
            return [.ok(subject, text)] + doubts.map { .warning(subject, $0) }
                + reading.notes.map { .warning(subject, "\($0)") }
        } catch {
            return [.error(subject, "the scrape body cannot be read: \(error)")]
        }
    }

    /// The preset of the exporter that the body is recognised as, for an operator who has not chosen one.
    private static func fitting(_ body: [UInt8], format: ExpositionFormat) -> String {
        guard let samples = try? Exposition.samples(in: body, format: format) else { return "" }
        if let preset = PresetRecognition.recognise(samples)?.preset {
            return "; \(preset.title), for which there is 'preset: \(preset.name)'"
        }
        guard let refused = PresetRecognition.refused(samples) else { return "" }
        return "; \(refused.title) cannot be used: \(refused.refusal ?? "")"
    }

    /// `requests 4, errors 1, latency 14 series`.
    static func matches(_ watch: WatchList, _ reading: TargetReading) -> String {
        var parts: [String] = []
        if watch.requests != nil { parts.append("requests \(reading.matches.requests)") }
        if watch.errors != nil { parts.append("errors \(reading.matches.errors)") }
        if watch.latency != nil { parts.append("latency \(reading.matches.latency)") }
        for (signal, count) in zip(watch.signals, reading.matches.signals) {
            parts.append("\(signal.selector) \(count)")
        }
        return parts.isEmpty ? "no indicator" : parts.joined(separator: ", ") + " series"
    }

    private func clock(_ scrapes: [Scrape]) -> [CheckupFinding] {
        let offsets = scrapes.compactMap(\.clockAheadSeconds).sorted()
        guard !offsets.isEmpty else { return [] }
        let median = offsets[offsets.count / 2]
        let subject = "\(release.name): clock"
        guard abs(median) > Self.clockToleranceSeconds else {
            return [.ok(subject, "this machine and the targets agree to \(Int(Self.clockToleranceSeconds)) s")]
        }
        let side = median > 0 ? "behind" : "ahead of"
        return [
            .warning(
                subject,
                "this machine is \(NumberText.wait(seconds: abs(median))) \(side) the targets; set one of the clocks")
        ]
    }

    /// By the `Date` of the answer, which has whole seconds.
    private static func ahead(_ response: HTTPResponse) -> Double? {
        guard let text = response.header("Date") else { return nil }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: text).map { $0.timeIntervalSinceNow }
    }
}

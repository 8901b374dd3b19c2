import ArgumentParser
import ConfigurationFiles
import Daemon
import Foundation
import HTTPClient
import Model
import Ports
import Scraping
import Support
import Telemetry

/// Scrapes once and prints the samples: how a user finds out why a rule has no data.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Scrape a target once, or read a saved scrape body, and print its samples.",
        discussion: """
            Prints every sample in canonical form (sorted labels, then the value, then
            the timestamp in milliseconds if there is one), or the error and exit code
            1. At the end, on standard error, come the number of samples, what exports
            them, and with --config the series that each indicator matches.

              rollguard inspect 10.0.0.21:9090
              rollguard inspect http://10.0.0.21:9090/metrics
              rollguard inspect body.txt --content-type application/openmetrics-text
              rollguard inspect http://10.0.0.21:9090/metrics --config rollguard.yaml
            """)

    @Argument(
        help: "A URL, HOST:PORT, or a file with a saved scrape body; - reads standard input.", completion: .file())
    var target: String

    /// The target as a URL, where it is none of a file.
    private var source: String {
        let isAddress = target.wholeMatch(of: /[A-Za-z0-9.\-]+:[0-9]{1,5}|\[[0-9a-fA-F:]+\]:[0-9]{1,5}/) != nil
        guard isAddress, !FileManager.default.fileExists(atPath: target) else { return target }
        return "http://\(target)/metrics"
    }

    @Option(help: "The Content-Type of a saved scrape body. Without it, a file is read as text format 0.0.4.")
    var contentType: String?

    @Flag(help: "One JSON object with the samples, or with the error.")
    var json = false

    @Option(
        help: """
            Also say which series the indicators of this configuration match, and use the credentials and TLS of \
            its target at this address.
            """)
    var config: String?

    @Option(help: "Seconds to wait for the scrape body.")
    var timeout: Double = 10

    func validate() throws {
        guard (0.1...3_600).contains(timeout) else { throw ValidationError("--timeout takes 0.1 to 3600 seconds") }
    }

    func run() async throws {
        let plan = try config.map(load)
        let fetched = try await fetch(plan)
        let samples: [ExpositionSample]
        let format: ExpositionFormat
        do {
            format = try ExpositionFormat(contentType: fetched.contentType, fallback: nil)
            if let reason = fetched.response.flatMap({ CutScrapeBody.reason($0, format: format) }) {
                throw ExpositionError(line: 0, reason: "the scrape body \(reason)")
            }
            samples = try Exposition.samples(in: fetched.body, format: format)
        } catch {
            throw try refuse("\(error)")
        }
        if json {
            Terminal.say(try InspectReport.json(samples, format: format))
        } else {
            // One write for all samples: a scrape body has thousands of lines.
            let text = samples.map(\.description).joined(separator: "\n")
            if !text.isEmpty { Terminal.say(text) }
        }
        if let plan { try explain(fetched.body, format: format, plan: plan) }
        Terminal.complain(InspectReport.summary(samples, format: format))
    }

    private struct Fetched {
        let body: [UInt8]
        let contentType: String?
        /// Nil for a file.
        var response: HTTPResponse?
    }

    private func load(_ path: String) throws -> Plan {
        do { return try ConfigurationFile(path: path).load() } catch { throw Failure.no("\(error)") }
    }

    private func fetch(_ plan: Plan?) async throws -> Fetched {
        guard source.hasPrefix("http://") || source.hasPrefix("https://") else { return try readFile() }
        let transport = CurlTransport(userAgent: "Rollguard/\(Rollguard.version)", secrets: SystemSecretStore())
        let configured = plan.flatMap { InspectedTarget(url: source, in: $0) }
        let target = TargetPlan(instance: source, url: source, unixSocket: configured?.unixSocket)
        var scrape = configured?.scrape ?? ScrapePlan()
        scrape.timeoutMs = Int64(timeout * 1_000)
        scrape.intervalMs = max(scrape.intervalMs, scrape.timeoutMs * 2)
        do throws(TransportError) {
            let response = try await transport.send(ScrapeRequest.make(target: target, scrape: scrape))
            await transport.shutdown()
            guard response.status == 200 else {
                throw TransportError.broken(
                    address: Redaction.url(source), reason: "it answered with status \(response.status)")
            }
            return Fetched(
                body: response.body, contentType: contentType ?? response.header("Content-Type"), response: response)
        } catch {
            if json { Terminal.say(try InspectReport.json(error: "\(error)")) }
            throw Failure.unreachable("error: \(error)")
        }
    }

    private func readFile() throws -> Fetched {
        let limit = 256 << 20
        let handle: FileHandle
        if source == "-" {
            handle = .standardInput
        } else {
            guard let opened = FileHandle(forReadingAtPath: source) else {
                throw Failure.unreachable("error: cannot read \(source): check the path and its permissions")
            }
            handle = opened
        }
        let data = try handle.read(upToCount: limit + 1) ?? Data()
        guard data.count <= limit else { throw Failure.no("error: \(source) is larger than \(limit >> 20) MiB") }
        return Fetched(body: [UInt8](data), contentType: contentType ?? "text/plain; version=0.0.4")
    }

    private func refuse(_ text: String) throws -> Failure {
        if json { Terminal.say(try InspectReport.json(error: text)) }
        return .no("error: \(source == "-" ? "standard input" : Redaction.url(source)): \(text)")
    }

    /// Which series each indicator of each release matches in this scrape body.
    private func explain(_ body: [UInt8], format: ExpositionFormat, plan: Plan) throws {
        for release in plan.releases {
            Terminal.complain("release \(release.name):")
            let lists = Pool.allCases.map { ($0, release.indicators(of: $0)) }
            if lists[0].1 == lists[1].1 {
                try explain(body, format: format, release, lists[0].1, indent: "  ")
            } else {
                for (pool, watch) in lists {
                    Terminal.complain("  \(pool.rawValue) \(release.pool(pool).match):")
                    try explain(body, format: format, release, watch, indent: "    ")
                }
            }
        }
    }

    private func explain(
        _ body: [UInt8], format: ExpositionFormat, _ release: ReleasePlan, _ watch: WatchList, indent: String
    ) throws {
        var reader = try TargetReader(watch: watch, limits: release.scrape.limits)
        let reading = try reader.read(body, format: format, atUptimeMs: 0, countNewWithin: nil)
        let lines = InspectReport.matches(
            watch, reading: reading, body: body, format: format, needsPercentiles: release.usesPercentiles)
        for line in lines { Terminal.complain(indent + line) }
    }
}

/// The target of a configuration that a URL means, in whatever spelling.
struct InspectedTarget {
    let scrape: ScrapePlan
    let unixSocket: String?

    /// The same endpoint, else another one of the same server: a credential goes to no other.
    init?(url: String, in plan: Plan) {
        let wanted = EndpointIdentity(url: url)
        let targets = plan.releases.flatMap { release in
            Pool.allCases.flatMap { pool in release.pool(pool).targets.map { (target: $0, scrape: release.scrape) } }
        }
        func find(_ isWanted: (EndpointIdentity) -> Bool) -> (target: TargetPlan, scrape: ScrapePlan)? {
            targets.first { candidate in
                isWanted(EndpointIdentity(url: candidate.target.url))
                    && InspectedTarget.isSecure(candidate.target.url) == InspectedTarget.isSecure(url)
            }
        }
        let found =
            find { $0 == wanted } ?? find { $0.withoutQuery == wanted.withoutQuery }
            ?? find { $0.host == wanted.host && $0.port == wanted.port }
        guard let found else { return nil }
        (scrape, unixSocket) = (found.scrape, found.target.unixSocket)
    }

    private static func isSecure(_ url: String) -> Bool { url.lowercased().hasPrefix("https:") }
}

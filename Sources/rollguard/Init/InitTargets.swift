import ConfigurationFiles
import HTTPClient
import Model
import Ports
import Scraping
import Support
import Telemetry

/// One target of a pool, scraped once to find out what it is.
struct SurveyedTarget: Sendable {
    let address: String
    let path: String
    let samples: Int
    let service: RecognisedService?
    /// Of `*_build_info` or `target_info`; nil when it exports neither.
    let version: String?
}

/// Why a target says nothing that a configuration can be made of.
struct SilentTarget: Error, Sendable {
    let address: String
    let reason: String
}

/// Scrapes targets of which nothing is known but the address.
struct InitTargets: Sendable {
    /// Where exporters have their metrics when it is not the usual place.
    private static let paths = ["/metrics", "/actuator/prometheus", "/stats/prometheus", "/q/metrics"]
    private static let timeoutMs: Int64 = 5_000

    let transport: any HTTPTransport

    /// - Parameter address: `host:port`, or a URL.
    func survey(_ address: String) async throws(SilentTarget) -> SurveyedTarget {
        let isURL = address.contains("://")
        var problems: [String] = []
        for path in isURL ? [""] : Self.paths {
            let url = isURL ? address : "http://\(address)\(path)"
            let response = try await answer(of: url, address)
            guard response.status == 200 else {
                problems.append("\(path.isEmpty ? "it" : path) answered with status \(response.status)")
                continue
            }
            return try read(response, address: address, path: path)
        }
        throw SilentTarget(address: Redaction.url(address), reason: problems.joined(separator: ", "))
    }

    private func answer(of url: String, _ address: String) async throws(SilentTarget) -> HTTPResponse {
        do throws(TransportError) { return try await transport.send(request(url)) } catch {
            throw SilentTarget(address: Redaction.url(address), reason: "\(error)")
        }
    }

    private func request(_ url: String) -> HTTPRequest {
        var scrape = ScrapePlan()
        scrape.timeoutMs = Self.timeoutMs
        scrape.intervalMs = 2 * Self.timeoutMs
        return ScrapeRequest.make(target: TargetPlan(instance: url, url: url), scrape: scrape)
    }

    private func read(_ response: HTTPResponse, address: String, path: String) throws(SilentTarget) -> SurveyedTarget {
        do {
            let format = try ExpositionFormat(
                contentType: response.header("Content-Type"), fallback: .prometheusText)
            let samples = try Exposition.samples(in: response.body, format: format)
            return SurveyedTarget(
                address: address, path: path, samples: samples.count, service: PresetRecognition.recognise(samples),
                version: Self.version(samples))
        } catch {
            throw SilentTarget(address: Redaction.url(address), reason: "its body is no exposition: \(error)")
        }
    }

    /// Only where the whole body agrees: a library's own build information has another version.
    private static func version(_ samples: [ExpositionSample]) -> String? {
        func label(_ names: [String], of sample: ExpositionSample) -> String? {
            names.lazy.compactMap { name in sample.labels.first { $0.name == name }?.value }.first { !$0.isEmpty }
        }
        let found = samples.compactMap { sample -> String? in
            if sample.name == "target_info" { return label(["service_version"], of: sample) }
            guard sample.name.hasSuffix("_build_info") || sample.name.hasSuffix("app_info") else { return nil }
            return sample.name == "go_build_info" ? nil : label(["version", "app_version"], of: sample)
        }
        return Set(found).count == 1 ? found[0] : nil
    }
}

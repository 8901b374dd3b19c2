import Foundation
import Model
import Ports
import Telemetry

/// The questions to a server: every raw sample of a range, by a range selector in an instant query.
///
/// An instant vector would show a sample of up to five minutes ago with the time of the evaluation, and `rate()` would
/// extrapolate and hide restarts; the raw samples have times of their own.
struct ServerQuery {
    let server: SampleServerPlan
    /// All metrics of the release's indicators.
    private let names: [String]
    private let instances: [String]

    /// - Parameters:
    ///   - watches: of the pools that are read from the server.
    ///   - instances: names of all targets of these pools.
    init(_ server: SampleServerPlan, watches: [WatchList], instances: [String]) {
        self.server = server
        names = Array(Set(watches.flatMap(\.seriesNames) + ["up", "process_start_time_seconds"])).sorted()
        self.instances = Array(Set(instances)).sorted()
    }

    /// `{__name__=~"a|b",instance=~"x|y"}[45s]`: both pools in one evaluation. What the selectors of the indicators ask for
    /// besides is applied to the answer.
    func expression(rangeMs: Int64) -> String {
        let name = Self.matcher("__name__", names)
        let instance = Self.matcher(server.instanceLabel, instances)
        return "{\(name),\(instance)}[\((rangeMs + 999) / 1_000)s]"
    }

    private static func matcher(_ label: String, _ values: [String]) -> String {
        let pattern = values.map(quotedForRegex).joined(separator: "|")
        let text = pattern.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        return "\(label)=~\"\(text)\""
    }

    private static func quotedForRegex(_ text: String) -> String {
        var quoted = ""
        for character in text.unicodeScalars {
            if "\\.+*?()|[]{}^$".unicodeScalars.contains(character) { quoted.append("\\") }
            quoted.unicodeScalars.append(character)
        }
        return quoted
    }

    /// A POST with a form, because a query that names hundreds of targets is longer than a URL may be.
    func request(_ expression: String, timeoutMs: Int64, bodyLimitBytes: Int) -> HTTPRequest {
        let form = ([("query", expression), ("timeout", "\(max(1, timeoutMs))ms")] + parameters)
            .map { "\(Self.formEncoded($0.0))=\(Self.formEncoded($0.1))" }.joined(separator: "&")
        let headers = [
            TextPair("Content-Type", "application/x-www-form-urlencoded"), TextPair("Accept", "application/json"),
        ]
        return HTTPRequest(
            method: "POST", url: base + "/api/v1/query", headers: headers + server.headers, body: Array(form.utf8),
            connectTimeoutMs: timeoutMs, timeoutMs: timeoutMs, bodyLimitBytes: bodyLimitBytes, acceptsCompression: true,
            security: server.security)
    }

    private var base: String {
        let trimmed = server.url.hasSuffix("/") ? String(server.url.dropLast()) : server.url
        let afterScheme = trimmed.range(of: "://").map { trimmed[$0.upperBound...] } ?? trimmed[...]
        return server.flavour == .mimir && !afterScheme.contains("/") ? trimmed + "/prometheus" : trimmed
    }

    /// Half an answer must be an error, and samples must be neither thinned out nor merged over replicas.
    private var parameters: [(String, String)] {
        let thanos = [("partial_response", "false"), ("max_source_resolution", "0s"), ("dedup", "false")]
        let victoria = [("deny_partial_response", "1"), ("nocache", "1"), ("latency_offset", "1ms")]
        return switch server.flavour {
        case .auto: thanos + victoria
        case .thanos: thanos
        case .victoriametrics: victoria
        case .prometheus, .mimir: []
        }
    }

    private static func formEncoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }

    /// RFC 3986, section 2.3.
    private static let allowed = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}

package import Model
package import Ports

/// The request that a scrape sends, as Prometheus 3 sends it.
package enum ScrapeRequest {
    /// Prometheus 3's default order of preference, without its protobuf format.
    /// Source: prometheus/config/config.go, `DefaultScrapeProtocols`.
    static let accept =
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        + "application/openmetrics-text;version=0.0.1;q=0.5,"
        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"

    package static func make(target: TargetPlan, scrape: ScrapePlan) -> HTTPRequest {
        let acceptsCompression = acceptsCompression(scrape.compression, target)
        var headers = [
            TextPair("Accept", accept),
            TextPair("X-Prometheus-Scrape-Timeout-Seconds", seconds(ScrapePace.promisedTimeoutMs(scrape))),
        ]
        if !acceptsCompression { headers.append(TextPair("Accept-Encoding", "identity")) }
        return HTTPRequest(
            url: target.url, headers: headers,
            unixSocket: target.unixSocket, address: target.address, connectTimeoutMs: scrape.timeoutMs,
            timeoutMs: scrape.timeoutMs,
            bodyLimitBytes: scrape.bodyLimitBytes, redirectLimit: scrape.redirects == .none ? 0 : 5,
            redirectsMayLeaveHost: scrape.redirects == .any, acceptsCompression: acceptsCompression,
            security: scrape.security)
    }

    private static func acceptsCompression(_ compression: ScrapePlan.Compression, _ target: TargetPlan) -> Bool {
        switch compression {
        case .always: true
        case .never: false
        case .auto: !LocalNetwork.isNear(url: target.url, unixSocket: target.unixSocket)
        }
    }

    /// Plain decimal without trailing zeros: 2000 ms is `2`, 1500 ms is `1.5`.
    static func seconds(_ milliseconds: Int64) -> String {
        let (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1_000)
        guard rest > 0 else { return "\(whole)" }
        var digits = String(rest + 1_000).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)"
    }
}

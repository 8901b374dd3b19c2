package import Ports
package import Telemetry

/// Recognises a scrape body that may have been cut off in its last line, where a number would be another number.
///
/// HTTP reports a body that ends early where its length was announced, or its chunks have an end. But a proxy may pass on,
/// as a whole, what an upstream that closes its connections had sent until it died. The text format ends each line with a
/// line feed, so a last line without one is taken only where `Content-Length` announced the length. Prometheus takes it in
/// all cases.
package enum CutScrapeBody {
    /// Why the body is refused, to be read after `the scrape body of …`; nil for a body that is complete. OpenMetrics has an
    /// end of its own, `# EOF`, which the reader checks.
    package static func reason(_ response: HTTPResponse, format: ExpositionFormat) -> String? {
        guard format == .prometheusText, let last = response.body.last, last != UInt8(ascii: "\n") else { return nil }
        let isAnnounced = response.header("Content-Length") != nil && response.header("Transfer-Encoding") == nil
        let lineStart = response.body.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard !isAnnounced, response.body[lineStart] != UInt8(ascii: "#") else { return nil }
        return "is cut off: its last line has no line feed at its end, and no Content-Length says that it is complete"
    }
}

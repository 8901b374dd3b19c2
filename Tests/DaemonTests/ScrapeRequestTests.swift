import ReleaseKernel
import Testing

@testable import Daemon

@Suite("A scrape's request")
struct ScrapeRequestTests {
    private static func header(_ request: HTTPRequest, _ name: String) -> String? {
        request.headers.first { $0.name == name }?.value
    }

    /// Prometheus 3 sends these; servers choose the format by them.
    @Test func asksAsPrometheusDoes() {
        let request = ScrapeRequest.make(
            target: TargetPlan(instance: "a:1", url: "http://a:1/metrics"), scrape: ScrapePlan(timeoutMs: 2_500))
        let accept = Self.header(request, "Accept") ?? ""
        #expect(accept.hasPrefix("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6"))
        #expect(accept.hasSuffix("text/plain;version=0.0.4;q=0.3,*/*;q=0.2"))
        #expect(Self.header(request, "X-Prometheus-Scrape-Timeout-Seconds") == "2.5")
        #expect(request.timeoutMs == 2_500 && request.acceptsCompression)
    }
}

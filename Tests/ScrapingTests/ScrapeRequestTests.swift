import Model
import Ports
import Testing

@testable import Scraping

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
        #expect(Self.header(request, "Accept-Encoding") == nil)
    }

    /// A target plans with the announced timeout, so no more is announced than it gets.
    @Test(arguments: [(5_000, 2_000, "2"), (5_000, 4_000, "4"), (5_000, 5_000, "4.25"), (1_000, 1_000, "0.85")])
    func announcesTheTimeoutThatItKeeps(_ intervalMs: Int64, _ timeoutMs: Int64, _ told: String) {
        let request = ScrapeRequest.make(
            target: TargetPlan(instance: "a:1", url: "http://a:1/metrics"),
            scrape: ScrapePlan(intervalMs: intervalMs, timeoutMs: timeoutMs))
        #expect(Self.header(request, "X-Prometheus-Scrape-Timeout-Seconds") == told)
    }

    @Test(arguments: [
        ("http://127.0.0.1:9090/metrics", true), ("http://localhost/m", true), ("http://10.1.2.3/m", true),
        ("https://172.31.0.1:9/m", true), ("http://172.32.0.1/m", false), ("http://192.168.7.1/m", true),
        ("http://[::1]:9/m", true), ("http://[fd00::7]/m", true), ("http://[fe80::1]/m", true),
        ("http://[2001:db8::1]/m", false), ("http://8.8.8.8/m", false), ("http://10.example.org/m", false),
        ("http://127.0.0.1.example.org/m", false), ("http://8.8.8.8/127.0.0.1", false), ("http://u@10.0.0.1?q", true),
        ("http://300.0.0.1/m", false), ("", false),
    ])
    func automaticCompressionSparesNearTargets(_ url: String, isNear: Bool) {
        func request(_ compression: ScrapePlan.Compression, unixSocket: String? = nil) -> HTTPRequest {
            ScrapeRequest.make(
                target: TargetPlan(instance: "a", url: url, unixSocket: unixSocket),
                scrape: ScrapePlan(compression: compression))
        }
        #expect(request(.auto).acceptsCompression == !isNear)
        #expect(Self.header(request(.auto), "Accept-Encoding") == (isNear ? "identity" : nil))
        #expect(request(.always).acceptsCompression && !request(.never).acceptsCompression)
        #expect(!request(.auto, unixSocket: "/run/a.sock").acceptsCompression)
    }
}

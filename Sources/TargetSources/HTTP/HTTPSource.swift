import Discovery
import Model
import Ports
import Support

/// Reads an endpoint that lists targets.
struct HTTPSource: TargetSource {
    /// After the first failure; doubles up to the interval.
    private static let retryMs: Int64 = 1_000

    private let plan: HTTPSourcePlan
    private let transport: any HTTPTransport
    private let clock: any DaemonClock
    private let shownURL: String

    init(plan: HTTPSourcePlan, transport: any HTTPTransport, clock: any DaemonClock) {
        (self.plan, self.transport, self.clock) = (plan, transport, clock)
        shownURL = Redaction.url(plan.url)
    }

    var name: String { "http \(shownURL)" }
    var refreshMs: Int64 { plan.refreshMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        var retryMs = HTTPSource.retryMs
        while !Task.isCancelled {
            let answer = await ask()
            guard !Task.isCancelled else { return }
            await report(answer)
            let pauseMs: Int64
            if case .failed = answer {
                pauseMs = min(retryMs, plan.refreshMs)
                retryMs = min(2 * retryMs, plan.refreshMs)
            } else {
                (pauseMs, retryMs) = (plan.refreshMs, HTTPSource.retryMs)
            }
            do throws(CancellationError) { try await clock.sleep(ms: pauseMs) } catch { return }
        }
    }

    private func ask() async -> SourceAnswer {
        let headers = [
            TextPair("Accept", "application/json"),
            TextPair("X-Prometheus-Refresh-Interval-Seconds", "\(plan.refreshMs / 1_000)"),
        ]
        let request = HTTPRequest(
            url: plan.url, headers: headers + plan.headers, connectTimeoutMs: min(5_000, plan.timeoutMs),
            timeoutMs: plan.timeoutMs, bodyLimitBytes: SourceLimits.bodyBytes, redirectLimit: 10,
            redirectsMayLeaveHost: false, acceptsCompression: true, security: plan.security)
        do throws(TransportError) { return read(try await transport.send(request)) } catch {
            return .failed(reason: "\(error)")
        }
    }

    private func read(_ response: HTTPResponse) -> SourceAnswer {
        guard response.status == 200 else {
            return .failed(reason: "\(shownURL) answered with status \(response.status)")
        }
        let type = response.header("Content-Type") ?? ""
        guard isJSON(type) else {
            return .failed(
                reason: "\(shownURL) answered with the Content-Type \"\(ForeignText.line(type, limit: 100))\", not "
                    + "application/json")
        }
        do throws(TargetListError) {
            return .list(
                try TargetListText.parse(response.body, as: .json, source: shownURL, labels: ["__meta_url": shownURL]))
        } catch { return .failed(reason: "the answer of \(shownURL): \(error)") }
    }

    /// `application/json`, with or without `charset=utf-8`.
    private func isJSON(_ contentType: String) -> Bool {
        let parts = contentType.lowercased().split(separator: ";").map { $0.filter { $0 != " " } }
        return parts.first == "application/json" && parts.dropFirst().allSatisfy { $0 == "charset=utf-8" }
    }
}

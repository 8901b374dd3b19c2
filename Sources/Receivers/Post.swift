import ReleaseKernel

/// Posts a JSON body and sorts the answer: done, try again, or never.
struct Post: Sendable {
    private let plan: ReceiverPlan
    private let transport: any HTTPTransport

    init(plan: ReceiverPlan, transport: any HTTPTransport) {
        self.plan = plan
        self.transport = transport
    }

    func send(_ body: [UInt8], url: String, headers: [TextPair] = []) async -> DeliveryOutcome {
        let request = HTTPRequest(
            method: "POST", url: url, headers: [TextPair("Content-Type", "application/json")] + headers + plan.headers,
            body: body, connectTimeoutMs: min(2_000, plan.timeoutMs), timeoutMs: plan.timeoutMs,
            bodyLimitBytes: 64 << 10, security: plan.security)
        do throws(TransportError) {
            return Post.outcome(try await transport.send(request))
        } catch {
            // A certificate is renewed, a file appears, a name resolves again: only the receiver's own no is final.
            return .retry(reason: "\(error)", afterMs: nil)
        }
    }

    static func outcome(_ response: HTTPResponse) -> DeliveryOutcome {
        switch response.status {
        case 200...299: .delivered
        case 408, 425, 429, 500...599:
            .retry(reason: "it answered with status \(response.status)", afterMs: retryAfterMs(response))
        default: .refused(reason: "it answered with status \(response.status)\(excerpt(response))")
        }
    }

    /// `Retry-After` in seconds, at most an hour. The form with a date is left alone: clocks differ.
    private static func retryAfterMs(_ response: HTTPResponse) -> Int64? {
        guard let text = response.header("Retry-After"), let seconds = Int64(text), seconds >= 0 else { return nil }
        return min(seconds, 3_600) * 1_000
    }

    /// The beginning of the answer: it usually says what was wrong.
    private static func excerpt(_ response: HTTPResponse) -> String {
        let text = String(decoding: response.body.prefix(200), as: UTF8.self)
        let shown = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
        return shown.isEmpty ? "" : ": \(shown)"
    }
}

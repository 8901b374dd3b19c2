import Model
import Ports

/// Posts a JSON body and sorts the answer by its status: done, try again, or never. The body of the answer is used in
/// messages only, so it decides nothing, whether it is large, slow or endless.
struct JSONDelivery: Sendable {
    private let plan: ReceiverPlan
    private let transport: any HTTPTransport
    private let secrets: any SecretStore
    private let contentType: String

    init(
        plan: ReceiverPlan, transport: any HTTPTransport, secrets: any SecretStore,
        contentType: String = "application/json"
    ) {
        self.contentType = contentType
        self.plan = plan
        self.transport = transport
        self.secrets = secrets
    }

    /// Encodes the document as JSON and posts it. A document that cannot be encoded is refused: another attempt would
    /// fail in the same way.
    ///
    /// - Parameters:
    ///   - headers: makes further headers from the encoded body. A secret that cannot be read is worth another attempt.
    ///   - place: makes the address of the call from the receiver's address.
    func send(
        _ document: some Encodable, headers: ([UInt8]) throws(SecretError) -> [TextPair] = { _ in [] },
        to place: (String) -> String = { $0 }
    ) async -> DeliveryOutcome {
        let body: [UInt8]
        do { body = try JSONBody.encode(document) } catch {
            return .refused(reason: "the notification could not be encoded as JSON: \(error)")
        }
        do throws(SecretError) { return await post(body, headers: try headers(body), to: place) } catch {
            return .retry(reason: "\(error)", afterMs: nil)
        }
    }

    private func post(_ body: [UInt8], headers: [TextPair], to place: (String) -> String) async -> DeliveryOutcome {
        let address: String
        do throws(SecretError) { address = place(try self.address()) } catch {
            return .retry(reason: "\(error)", afterMs: nil)
        }
        guard address.hasPrefix("http://") || address.hasPrefix("https://") else {
            return .retry(reason: "the receiver's address is not an http:// or https:// URL", afterMs: nil)
        }
        let request = HTTPRequest(
            method: "POST", url: address,
            headers: [TextPair("Content-Type", contentType)] + headers + plan.headers,
            body: body, connectTimeoutMs: min(2_000, plan.timeoutMs), timeoutMs: plan.timeoutMs,
            bodyLimitBytes: 64 << 10, isStatusEnough: true, security: plan.security)
        do throws(TransportError) {
            return JSONDelivery.outcome(try await transport.send(request))
        } catch {
            // A certificate is renewed, a file appears, a name resolves again: only the receiver's own no is final.
            return .retry(reason: "\(error)", afterMs: nil)
        }
    }

    private func address() throws(SecretError) -> String {
        guard let reference = plan.urlSecret else { return plan.url }
        return try secrets.secret(reference)
    }

    static func outcome(_ response: HTTPResponse) -> DeliveryOutcome {
        AnswerMeaning.ofStatus(ServiceAnswer(response: response)).outcome
    }
}

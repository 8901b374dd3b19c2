import Model
import Ports
import Synchronization

/// The drivers' way to the routers: keeps each request until the world has carried it over its network, or has lost it.
final class VirtualTransport: HTTPTransport {
    /// One request on its way, and who waits for its answer.
    struct Letter {
        /// The driver's call that it belongs to.
        let call: Int
        let request: HTTPRequest
        fileprivate let reply: UnsafeContinuation<Result<HTTPResponse, TransportError>, Never>

        func resume(_ answer: Result<HTTPResponse, TransportError>) { reply.resume(returning: answer) }
    }

    /// The driver's call that the running task works on; its requests inherit it.
    @TaskLocal static var call = -1

    private let posted = Mutex<[Letter]>([])

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let call = VirtualTransport.call
        let answer = await withUnsafeContinuation { reply in
            posted.withLock { $0.append(Letter(call: call, request: request, reply: reply)) }
        }
        return try answer.get()
    }

    /// What was posted since the last time, in order.
    func takeLetters() -> [Letter] {
        posted.withLock { posted in
            defer { posted.removeAll() }
            return posted
        }
    }
}

/// What the drivers answered, in the order in which they did.
final class RouterAnswers: Sendable {
    enum Answer: Sendable {
        case receipts([RouterReceipt])
        case observations([RouterObservation])
    }

    private let given = Mutex<[(call: Int, answer: Answer)]>([])

    func give(_ answer: Answer, to call: Int) { given.withLock { $0.append((call, answer)) } }

    func take() -> [(call: Int, answer: Answer)] {
        given.withLock { given in
            defer { given.removeAll() }
            return given
        }
    }
}

/// The drawn configurations name no secret.
struct NoSecrets: SecretStore {
    func secret(_ reference: SecretReference) throws(SecretError) -> String {
        throw .unsetVariable(name: "\(reference)")
    }
}

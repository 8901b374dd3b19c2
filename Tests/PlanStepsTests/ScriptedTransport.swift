import Model
import Ports
import Synchronization

/// Answers from a script, and what was asked.
final class ScriptedTransport: HTTPTransport {
    typealias Answer = Result<HTTPResponse, TransportError>

    private let asked = Mutex<[HTTPRequest]>([])
    private let answer: @Sendable (HTTPRequest) -> Answer

    init(_ answer: @escaping @Sendable (HTTPRequest) -> Answer) { self.answer = answer }

    var requests: [HTTPRequest] { asked.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        asked.withLock { $0.append(request) }
        return try answer(request).get()
    }

    static func status(_ status: Int, _ body: String = "") -> Answer {
        .success(HTTPResponse(status: status, body: Array(body.utf8)))
    }
}

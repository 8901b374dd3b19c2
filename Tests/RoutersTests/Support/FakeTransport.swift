import Model
import Ports
import Synchronization

/// A transport that records what it is asked to send and answers by a script.
final class FakeTransport: HTTPTransport {
    typealias Answer = Result<HTTPResponse, TransportError>

    private let recorded = Mutex<[HTTPRequest]>([])
    private let script: @Sendable (HTTPRequest, Int) -> Answer

    /// - Parameter script: the request and how many came before it.
    init(_ script: @escaping @Sendable (HTTPRequest, Int) -> Answer) { self.script = script }

    /// Answers in order; the last one again and again.
    convenience init(answers: [Answer]) {
        self.init { _, count in answers[min(count, answers.count - 1)] }
    }

    var requests: [HTTPRequest] { recorded.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let count = recorded.withLock { requests in
            requests.append(request)
            return requests.count - 1
        }
        return try script(request, count).get()
    }
}

extension HTTPRequest {
    var bodyText: String { body.map { String(decoding: $0, as: UTF8.self) } ?? "" }

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

extension Result where Success == HTTPResponse, Failure == TransportError {
    static func reply(_ status: Int, _ body: String = "", headers: [TextPair] = []) -> Self {
        .success(HTTPResponse(status: status, headers: headers, body: Array(body.utf8)))
    }
}

/// Secrets by the path or name of their reference.
struct FakeSecrets: SecretStore {
    var secrets: [String: String] = [:]

    func secret(_ reference: SecretReference) throws(SecretError) -> String {
        switch reference {
        case .file(let path):
            guard let secret = secrets[path] else { throw .unreadableFile(path: path, reason: "not there") }
            return secret
        case .environment(let name):
            guard let secret = secrets[name] else { throw .unsetVariable(name: name) }
            return secret
        }
    }
}

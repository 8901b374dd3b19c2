import Model
import Ports

/// Adds the credential that a plan refers to, as the real transport does.
struct CredentialTransport: HTTPTransport {
    let inner: any HTTPTransport
    let secrets: FakeSecrets

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        var sent = request
        switch request.security.authorization {
        case .header(let name, let value): sent.headers.append(TextPair(name, try secret(value)))
        case .bearer(let value): sent.headers.append(TextPair("Authorization", "Bearer \(try secret(value))"))
        case .basic, nil: break
        }
        return try await inner.send(sent)
    }

    private func secret(_ reference: SecretReference) throws(TransportError) -> String {
        do { return try secrets.secret(reference) } catch { throw .unusable("\(error)") }
    }
}

extension HTTPResponse {
    static func text(_ status: Int, _ body: String, headers: [TextPair] = []) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
    }
}

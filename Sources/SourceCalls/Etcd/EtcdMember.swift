package import Model
import Ports

/// One member of the cluster, with a token where it wants one.
package struct EtcdMember: Sendable {
    private let server: SourceServer
    private let token: String?

    /// Tokens are short-lived and belong to one member; with no user there is none.
    package static func login(
        _ endpoint: String, security: ClientSecurity, setup: CallSetup
    ) async throws(SourceError) -> EtcdMember {
        var anonymous = security
        // The gateway takes a token of its own, without "Basic" or "Bearer" in front of it.
        anonymous.authorization = nil
        guard case .basic(let user, let reference) = security.authorization else {
            return EtcdMember(server: SourceServer(endpoint, security: anonymous, setup: setup), token: nil)
        }
        let server = SourceServer(endpoint, security: anonymous, masking: reference, setup: setup)
        let password: String
        do throws(SecretError) { password = try setup.secrets.secret(reference) } catch {
            throw SourceError(error.description)
        }
        let body = try EtcdKeys.loginBody(user: user, password: password)
        let answer: HTTPResponse
        do throws(SourceError) {
            answer = try await server.send("POST", "/v3/auth/authenticate", body: body)
        } catch {
            // The answer may repeat what was sent.
            guard let status = error.status else { throw error }
            throw SourceError("the login of \(user) was refused with status \(status)", status: status)
        }
        let token = try AnswerJSON.decode(EtcdKeys.Token.self, answer.body, of: "the login").token
        return EtcdMember(server: server, token: token)
    }

    package func call<Answer: Decodable>(
        _ type: Answer.Type, _ path: String, _ body: [UInt8], timeoutMs: Int64 = SourceServer.timeoutMs
    ) async throws(SourceError) -> Answer {
        let answer = try await server.send("POST", path, headers: headers, body: body, timeoutMs: timeoutMs)
        return try AnswerJSON.decode(type, answer.body, of: path)
    }

    /// Whether the watch saw a change before its time was over, or before it ended in any other way.
    package func watch(_ body: [UInt8], timeoutMs: Int64) async -> Bool {
        var hasChanged = false
        // Ends the watch soon after the cluster has lost its leader; else it would be silent.
        let headers = headers + [TextPair("Grpc-Metadata-hasleader", "true")]
        _ = try? await server.watch(
            "/v3/watch", headers: headers, method: "POST", body: body, timeoutMs: timeoutMs
        ) { line in
            guard let watched = try? AnswerJSON.decode(EtcdKeys.Watched.self, line, of: "the watch") else {
                return false
            }
            hasChanged = watched.result?.isNews == true
            return !hasChanged && watched.result != nil && watched.result?.canceled != true
        }
        return hasChanged
    }

    private var headers: [TextPair] { token.map { [TextPair("Authorization", $0)] } ?? [] }
}

import Model
import Ports
import SourceCalls
import Synchronization

/// The login of a user: Nacos' tokens are valid for hours, and are renewed before they end.
final class NacosSession: Sendable {
    private struct Token {
        var text: String
        var renewUptimeMs: Int64
    }

    private struct Login: Decodable {
        let accessToken: String
        let tokenTtl: Int64?
    }

    private let plan: NacosCentrePlan
    private let server: SourceServer
    private let setup: CallSetup
    private let token = Mutex<Token?>(nil)

    init(plan: NacosCentrePlan, server: SourceServer, setup: CallSetup) {
        self.plan = plan
        self.server = server
        self.setup = setup
    }

    /// Nil for a server without users.
    func current() async throws(SourceError) -> String? {
        guard case .basic(let user, let reference) = plan.security.authorization else { return nil }
        let now = setup.clock.now.uptimeMs
        if let known = token.withLock({ $0 }), now < known.renewUptimeMs { return known.text }
        let password: String
        do throws(SecretError) { password = try setup.secrets.secret(reference) } catch {
            throw SourceError(error.description)
        }
        let body = "username=\(QueryText.encoded(user))&password=\(QueryText.encoded(password))"
        let path = plan.api == .v1 ? "/nacos/v1/auth/login" : "/nacos/v3/auth/user/login"
        let answer: HTTPResponse
        do throws(SourceError) {
            answer = try await server.send(
                "POST", path, headers: [TextPair("Content-Type", "application/x-www-form-urlencoded")],
                body: Array(body.utf8))
        } catch {
            // The answer may repeat what was sent.
            guard let status = error.status else { throw error }
            throw SourceError("the login of \(user) was refused with status \(status)", status: status)
        }
        let login = try AnswerJSON.decode(Login.self, answer.body, of: "the login")
        let lifeMs = max(1, login.tokenTtl ?? 18_000) * 1_000
        token.withLock { $0 = Token(text: login.accessToken, renewUptimeMs: now + lifeMs / 5 * 4) }
        return login.accessToken
    }

    /// The server has refused the token.
    func forget() { token.withLock { $0 = nil } }
}

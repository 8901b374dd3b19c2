import Model
import Ports

/// The token that a Nacos server with authorization wants in the query of each request. It is kept until four fifths of its time are
/// over, and asked for again after a refusal.
actor NacosLogin {
    private let server: SourceServer
    private let user: String
    private let password: SecretReference
    private let setup: SourceSetup
    private var token: (text: String, untilUptimeMs: Int64)?

    /// Where the server does not say how long a token lasts.
    private static let usualSeconds: Int64 = 18_000
    private static let longestSeconds: Int64 = 30 * 86_400

    init(_ server: SourceServer, user: String, password: SecretReference, setup: SourceSetup) {
        (self.server, self.user, self.password, self.setup) = (server, user, password, setup)
    }

    func current() async throws(SourceError) -> String {
        if let token, setup.clock.now.uptimeMs < token.untilUptimeMs { return token.text }
        let answer = try await ask()
        let seconds = min(max(answer.tokenTtl ?? Self.usualSeconds, 1), Self.longestSeconds)
        token = (answer.accessToken, setup.clock.now.uptimeMs + seconds * 800)
        return answer.accessToken
    }

    /// The server has refused the token.
    func forget() { token = nil }

    private struct Answer: Decodable {
        let accessToken: String
        /// Seconds.
        let tokenTtl: Int64?
    }

    private func ask() async throws(SourceError) -> Answer {
        let secret: String
        do throws(SecretError) { secret = try setup.secrets.secret(password) } catch {
            throw SourceError(error.description)
        }
        let form = "username=\(QueryText.encoded(user))&password=\(QueryText.encoded(secret))"
        let response: HTTPResponse
        do throws(SourceError) {
            response = try await server.send(
                "POST", "/v1/auth/login",
                headers: [TextPair("Content-Type", "application/x-www-form-urlencoded")], body: Array(form.utf8))
        } catch {
            // The answer may repeat what was sent.
            guard let status = error.status else { throw error }
            throw SourceError("the login of \(user) was refused with status \(status)", status: status)
        }
        return try AnswerJSON.decode(Answer.self, response.body, of: "the login")
    }
}

/// Every error under `/api`.
package struct ErrorDocument: Codable, Sendable, Equatable {
    /// What is wrong and, where there is something, what to do.
    package let error: String
    /// Only where the call is taken on the daemon's unix socket: its absolute path.
    package let socket: String?
    /// `watched_elsewhere`, of a release that other members of the fleet watch.
    package var code: String?

    /// How `error` begins for a caller with another token, which the command line explains further.
    package static let wrongToken = "the token is wrong"

    package init(error: String, socket: String? = nil, code: String? = nil) {
        self.code = code
        self.error = error
        self.socket = socket
    }
}

/// The answer to a command.
package struct CommandDocument: Codable, Sendable, Equatable {
    /// `accepted` or `refused`.
    package let result: String
    /// What happens next, or why nothing does.
    package let text: String
    /// The incident to follow: `GET /api/v1/incidents/{id}`.
    @ExplicitNull package var incident: String?

    package init(result: String, text: String, incident: String?) {
        self.result = result
        self.text = text
        self.incident = incident
    }
}

/// A refused command: a ``CommandDocument`` that also reads as an ``ErrorDocument``, because every error under `/api` does.
struct RefusalDocument: Codable, Sendable {
    var result = "refused"
    let text: String
    @ExplicitNull var incident: String?
    let error: String

    init(text: String) {
        self.text = text
        error = text
        incident = nil
    }
}

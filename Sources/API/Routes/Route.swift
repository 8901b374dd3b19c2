import Model

/// One thing the API answers.
struct Route: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        /// Changes something: guarded, and takes a body.
        case post = "POST"
    }

    /// What a handler is given.
    struct Call: Sendable {
        /// The value of the pattern's `{…}`, decoded; empty for a pattern without one.
        var name = ""
        /// Empty for a GET.
        var body: [UInt8] = []
        /// Of the URL's query, decoded.
        var query: [String: String] = [:]
        /// `Idempotency-Key` and `If-Match` as they came.
        var key: String?
        var ifMatch: String?
        /// `Accept` and `Last-Event-ID` as they came.
        var accept = ""
        var lastEventID: String?
        /// For the session's routes only.
        var session: SessionAccess?
        /// The peer's address, for the record of a command without `by`.
        var peer: String
        /// False for a caller whose token does not have the role `operate`.
        var mayOperate = true
        /// The caller has the one-time token of the question that it answers.
        var hasGateToken = false
        /// The name of the token that the call brought; nil where the configuration gives callers no names.
        var caller: String?
    }

    /// Of the body of a call that changes something.
    static let bodyLimitBytes = 256 * 1024

    typealias Handler = @Sendable (Endpoints, Call) async -> Answer

    let method: Method
    /// `/api/v1/releases/{name}`; `{…}` matches one segment.
    let pattern: String
    /// One line for the list at `/` and for the OpenAPI document.
    let summary: String
    let handler: Handler
    /// What the caller of a route that changes something must be allowed.
    let role: CallerRole
    /// Begins, ends or describes a browser's session: it checks its caller itself.
    let isOfSession: Bool
    /// The token of a message's link, in the body, takes the place of a caller's own.
    let isOfLink: Bool
    /// The one-time token of a gate's question, `?token=…`, takes the place of a caller's own.
    let acceptsGateToken: Bool
    /// The name of the pattern's `{…}`; nil for a pattern without one.
    let parameter: String?

    init(
        _ method: Method, _ pattern: String, _ summary: String, needs role: CallerRole = .operate,
        isOfSession: Bool = false, isOfLink: Bool = false, acceptsGateToken: Bool = false, handler: @escaping Handler
    ) {
        self.isOfLink = isOfLink
        self.isOfSession = isOfSession
        self.acceptsGateToken = acceptsGateToken
        self.role = role
        self.method = method
        self.pattern = pattern
        self.summary = summary
        self.handler = handler
        parameter = pattern.firstMatch(of: /\{([a-z]+)\}/).map { String($0.1) }
    }

    /// Whether the answer's errors are JSON.
    static func isAPI(_ path: String) -> Bool { path == "/api" || path.hasPrefix("/api/") }
}

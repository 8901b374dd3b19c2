import Foundation

/// One thing the API answers.
struct Route: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        /// Changes something: guarded, and takes a body.
        case post = "POST"
    }

    /// What a handler is given.
    struct Call: Sendable {
        /// The values of the pattern's `{…}`, in order, decoded.
        var parameters: [String]
        /// Empty for a GET.
        var body: [UInt8]
        /// The peer's address, for the record of a command that names nobody.
        var peer: String

        /// A handler asks for what its own pattern has; the empty text is no release's and no incident's name.
        var name: String { parameters.first ?? "" }
    }

    typealias Handler = @Sendable (Endpoints, Call) async -> Answer

    let method: Method
    /// `/api/v1/releases/{name}`; `{…}` stands for one segment.
    let pattern: String
    /// One line for the list at `/` and for the OpenAPI document.
    let summary: String
    let handler: Handler
    private let segments: [Substring]

    init(_ method: Method, _ pattern: String, _ summary: String, handler: @escaping Handler) {
        self.method = method
        self.pattern = pattern
        self.summary = summary
        self.handler = handler
        segments = Route.split(pattern)
    }

    /// The segments of a path, or of a pattern, still encoded.
    static func split(_ path: String) -> [Substring] {
        path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    }

    /// The values of the pattern's `{…}`; nil when the path is another route's or cannot be decoded.
    func match(_ path: [Substring]) -> [String]? {
        guard path.count == segments.count else { return nil }
        var values: [String] = []
        for (given, wanted) in zip(path, segments) {
            if wanted.first == "{" {
                guard !given.isEmpty, let value = String(given).removingPercentEncoding else { return nil }
                values.append(value)
            } else if given != wanted {
                return nil
            }
        }
        return values
    }

    /// Whether the answer's errors are JSON.
    static func isAPI(_ path: String) -> Bool { path == "/api" || path.hasPrefix("/api/") }
}

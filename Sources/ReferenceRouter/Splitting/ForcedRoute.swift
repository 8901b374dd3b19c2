import NIOHTTP1

/// Where the requests of test users go, whatever the split is.
enum ForcedTarget: String, Sendable, Equatable, Codable, CaseIterable {
    /// The route is closed: they are split like all others.
    case none
    case baseline, canary

    var version: Version? {
        switch self {
        case .none: nil
        case .baseline: .baseline
        case .canary: .canary
        }
    }
}

/// How the requests of test users are recognized.
struct ForcedRoute: Sendable {
    private let header: String?
    private let cookie: String?
    private let value: String

    init(_ forced: GrayRouterConfiguration.Forced) {
        (header, cookie, value) = (forced.header, forced.cookie, forced.value)
    }

    /// Any of several headers or cookies of that name may have the value.
    func matches(_ headers: HTTPHeaders) -> Bool {
        if let header, headers[header].contains(value) { return true }
        guard let cookie else { return false }
        return headers[cookie: cookie].contains(value)
    }
}

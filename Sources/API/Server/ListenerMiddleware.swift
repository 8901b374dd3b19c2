import HTTPTypes
import Hummingbird

/// Sees every request of a listener before its route does: refuses callers, methods that do not exist, and paths that no
/// route has.
struct ListenerMiddleware: RouterMiddleware {
    let callers: ListenerCallers

    func handle(
        _ request: Request, context: ConsoleContext, next: (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        let isAPI = Route.isAPI(request.uri.path)
        if let refusal = refusal(of: request, context, isAPI: isAPI) {
            return refusal.response(isHead: request.method == .head)
        }
        do { return try await next(request, context) } catch let error as HTTPError where error.status == .notFound {
            return Answer.nothingHere(isAPI: isAPI).response(isHead: request.method == .head)
        }
    }

    private func refusal(of request: Request, _ context: ConsoleContext, isAPI: Bool) -> Answer? {
        if let problem = HostRules.problem(request.head, isAPI: isAPI && !callers.isOnSocket) {
            return .error(problem, status: .badRequest, asJSON: isAPI)
        }
        if let refusal = callers.refusal(of: request, context, isChange: false) {
            return refusal.answer(asJSON: isAPI)
        }
        guard ConsoleRouter.methods.contains(request.method) else {
            return .error("the method is not supported", status: .notImplemented, asJSON: isAPI)
        }
        // Hummingbird takes `//api/v1/status/` for `/api/v1/status`; what a proxy in front decides by path must not
        // depend on such spellings.
        let segments = request.uri.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        return request.uri.path != "/" && segments.contains("") ? .nothingHere(isAPI: isAPI) : nil
    }
}

extension Answer {
    static func nothingHere(isAPI: Bool) -> Answer {
        .error("there is nothing at this path; GET / lists what there is", status: .notFound, asJSON: isAPI)
    }
}

import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird

/// Makes Hummingbird's router of the routes, for one listener. A method that a path does not have is answered with 405 and
/// `Allow`, which Hummingbird leaves to its users.
struct ConsoleRouter {
    /// Those of RFC 9110 and PATCH; any other is answered with 501.
    static let methods: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .delete, .patch, .options, .trace, .connect,
    ]

    static let lastEventID = HTTPField.Name("Last-Event-ID")!

    let endpoints: Endpoints
    let callers: ListenerCallers

    func responder() -> RouterResponder<ConsoleContext> {
        let router = Router(context: ConsoleContext.self)
        router.add(middleware: ListenerMiddleware(callers: callers))
        let patterns = Route.all.reduce(into: [String]()) { if !$0.contains($1.pattern) { $0.append($1.pattern) } }
        for pattern in patterns {
            let routes = Route.all.filter { $0.pattern == pattern }
            for method in ConsoleRouter.methods { add(method, pattern, routes, to: router) }
        }
        return router.buildResponder()
    }

    private func add(
        _ method: HTTPRequest.Method, _ pattern: String, _ routes: [Route], to router: Router<ConsoleContext>
    ) {
        let path = RouterPath(pattern)
        guard let route = routes.first(where: { $0.answers(method) }) else {
            let refusal = ConsoleRouter.wrongMethod(routes)
            router.on(path, method: method) { request, _ in refusal.response(isHead: request.method == .head) }
            return
        }
        router.on(path, method: method, responder: RouteResponder(route: route, endpoints: endpoints, callers: callers))
    }

    private static func wrongMethod(_ routes: [Route]) -> Answer {
        let allowed = routes.map { $0.method == .get ? "GET, HEAD" : $0.method.rawValue }.joined(separator: ", ")
        var answer = Answer.error(
            "this path takes \(allowed) only", status: .methodNotAllowed, asJSON: Route.isAPI(routes[0].pattern))
        answer.headers.append((.allow, allowed))
        return answer
    }
}

extension Route {
    /// A route for GET answers HEAD too.
    fileprivate func answers(_ method: HTTPRequest.Method) -> Bool {
        method.rawValue == self.method.rawValue || (method == .head && self.method == .get)
    }
}

/// Answers one route.
private struct RouteResponder: HTTPResponder {
    let route: Route
    let endpoints: Endpoints
    let callers: ListenerCallers

    func respond(to request: Request, context: ConsoleContext) async -> Response {
        await answer(to: request, context).response(isHead: request.method == .head)
    }

    private func answer(to request: Request, _ context: ConsoleContext) async -> Answer {
        let isAPI = Route.isAPI(route.pattern)
        var call = Route.Call(peer: context.peer ?? "a unix socket")
        if let parameter = route.parameter {
            guard let value = context.parameters.get(parameter)?.removingPercentEncoding else {
                return .nothingHere(isAPI: isAPI)
            }
            call.name = value
        }
        for (name, value) in request.uri.queryParameters { call.query[String(name)] = String(value) }
        call.accept = request.headers[.accept] ?? ""
        call.lastEventID = request.headers[ConsoleRouter.lastEventID]
        if route.isOfSession { call.session = SessionAccess(callers: callers, request: request, context: context) }
        guard route.method == .post else { return await route.handler(endpoints, call) }
        call.key = request.headers[OrderHeaders.keyName]
        call.ifMatch = request.headers[.ifMatch]
        if !route.isOfSession && !route.isOfLink {
            do throws(CallerGuard.Refusal) {
                try await identify(&call, request, context)
            } catch { return error.answer(asJSON: isAPI) }
        }
        do throws(BodyFailure) {
            call.body = try await BoundedBody.read(request, limitBytes: Route.bodyLimitBytes)
        } catch { return error.answer(asJSON: isAPI) }
        return await route.handler(endpoints, call)
    }

    /// Whoever makes a call that changes something has to be allowed to.
    private func identify(
        _ call: inout Route.Call, _ request: Request, _ context: ConsoleContext
    ) async throws(CallerGuard.Refusal) {
        if route.acceptsGateToken, let token = call.query["token"] {
            guard await endpoints.operations.isGateToken(token, gate: call.name) else {
                throw .unauthorized("the token is not that of the question \(call.name.prefix(200))")
            }
            return call.hasGateToken = true
        }
        do throws(CallerGuard.Refusal) {
            let caller = try callers.caller(of: request, context, isChange: true)
            try caller.check(route.role)
            (call.caller, call.mayOperate) = (caller.name, caller.may.contains(.operate))
        } catch {
            guard route.acceptsGateToken, case .onlyOnSocket = error else { throw error }
            throw .unauthorized("send the answer to the `answer_url` of the question, which has its token")
        }
    }
}

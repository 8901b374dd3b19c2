import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// From a request to a response: finds the route, asks the guard, reads the body, calls the handler.
struct ConsoleResponder: HTTPResponder {
    typealias Context = ConsoleContext

    static let bodyLimitBytes = 64 * 1024
    /// From the head to the last byte of the body.
    static let bodyTimeout: Duration = .seconds(10)

    let endpoints: Endpoints
    let callers: CallerGuard
    /// Whether the listener is the unix socket.
    var isOnSocket = false

    func respond(to request: Request, context: ConsoleContext) async throws -> Response {
        let isHead = request.method == .head
        return await answer(to: request, peer: context.peer).response(isHead: isHead)
    }

    private func answer(to request: Request, peer: String?) async -> Answer {
        let path = request.uri.path
        let isAPI = Route.isAPI(path)
        if let problem = HostRules.problem(request.head, isAPI: isAPI && !isOnSocket) {
            return .error(problem, status: .badRequest, asJSON: isAPI)
        }
        if let refusal = refusal(of: request, peer: peer, isChange: false) { return refusal.answer(asJSON: isAPI) }
        let segments = Route.split(path)
        let matches = Route.all.compactMap { route in route.match(segments).map { (route: route, values: $0) } }
        guard !matches.isEmpty else {
            return .error("there is nothing at this path; GET / lists what there is", status: .notFound, asJSON: isAPI)
        }
        let method = request.method == .head ? "GET" : request.method.rawValue
        guard let found = matches.first(where: { $0.route.method.rawValue == method }) else {
            return ConsoleResponder.wrongMethod(matches.map(\.route), isAPI: isAPI)
        }
        var call = Route.Call(parameters: found.values, body: [], peer: peer ?? "a unix socket")
        guard found.route.method == .post else { return await found.route.handler(endpoints, call) }
        if let refusal = refusal(of: request, peer: peer, isChange: true) { return refusal.answer(asJSON: isAPI) }
        switch await ConsoleResponder.body(of: request) {
        case .success(let bytes): call.body = bytes
        case .failure(let failure): return failure.answer(asJSON: isAPI)
        }
        return await found.route.handler(endpoints, call)
    }

    private static func wrongMethod(_ routes: [Route], isAPI: Bool) -> Answer {
        let allowed = routes.map { $0.method == .get ? "GET, HEAD" : $0.method.rawValue }.joined(separator: ", ")
        var answer = Answer.error(
            "this path takes \(allowed) only", status: .methodNotAllowed, asJSON: isAPI)
        answer.headers.append((.allow, allowed))
        return answer
    }

    private func refusal(of request: Request, peer: String?, isChange: Bool) -> CallerGuard.Refusal? {
        let headers = request.headers
        let call = CallerGuard.Call(
            isChange: isChange, isOnSocket: isOnSocket, peer: peer, host: request.head.authority,
            origin: headers[.origin],
            authorization: headers[values: .authorization],
            isForwarded: ConsoleResponder.forwardingNames.contains { headers.contains($0) })
        do throws(CallerGuard.Refusal) { try callers.check(call) } catch { return error }
        return nil
    }

    private static let forwardingNames: [HTTPField.Name] =
        [
            "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "True-Client-IP",
            "Via",
        ].compactMap { HTTPField.Name($0) }

    /// The body, read within the limits of size and time. A shutdown does not wait for a slow sender.
    private static func body(of request: Request) async -> Result<[UInt8], BodyFailure> {
        let declared = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        guard declared <= bodyLimitBytes else { return .failure(.tooLarge) }
        let body = request.body
        return await withTaskGroup(of: Result<[UInt8], BodyFailure>.self) { group in
            group.addTask {
                do {
                    let buffer = try await body.collect(upTo: bodyLimitBytes)
                    return .success(Array(buffer.readableBytesView))
                } catch is NIOTooManyBytesError { return .failure(.tooLarge) } catch { return .failure(.broken) }
            }
            group.addTask {
                await cancelWhenGracefulShutdown { try? await Task.sleep(for: bodyTimeout) }
                return .failure(.tooSlow)
            }
            let first = await group.next() ?? .failure(.broken)
            group.cancelAll()
            return first
        }
    }
}

/// Why a body could not be read.
private enum BodyFailure: Error {
    case tooLarge
    case tooSlow
    case broken

    func answer(asJSON: Bool) -> Answer {
        switch self {
        case .tooLarge:
            .error(
                "the body has more than \(ConsoleResponder.bodyLimitBytes) bytes", status: .contentTooLarge,
                asJSON: asJSON)
        case .tooSlow:
            .error(
                "the body did not arrive in \(ConsoleResponder.bodyTimeout)", status: .requestTimeout, asJSON: asJSON)
        case .broken: .error("the body could not be read", status: .badRequest, asJSON: asJSON)
        }
    }
}

extension CallerGuard.Refusal {
    fileprivate func answer(asJSON: Bool) -> Answer {
        switch self {
        case .unauthorized(let text):
            var answer = Answer.error(text, status: .unauthorized, asJSON: asJSON)
            answer.headers.append((.wwwAuthenticate, "Bearer realm=\"rollguard\""))
            return answer
        case .forbidden(let text): return .error(text, status: .forbidden, asJSON: asJSON)
        case .onlyOnSocket(let text, let path):
            guard asJSON else { return .error(text, status: .forbidden, asJSON: false) }
            return .json(ErrorDocument(error: text, socket: path), status: .forbidden)
        case .unavailable(let text): return .error(text, status: .serviceUnavailable, asJSON: asJSON)
        }
    }
}

import Foundation
import HTTPTypes
import Model

/// The page and what it needs beside the API's other documents.
extension Endpoints {
    /// A browser gets the page, everything else the list of routes.
    func index(_ call: Route.Call) -> Answer {
        guard call.accept.contains("text/html") else { return index() }
        return Endpoints.asset(PackageResources.index_html, "text/html; charset=utf-8")
    }

    static func style() -> Answer { asset(PackageResources.page_css, "text/css; charset=utf-8") }
    static func script() -> Answer { asset(PackageResources.page_js, "text/javascript; charset=utf-8") }
    static func plots() -> Answer { asset(PackageResources.plots_js, "text/javascript; charset=utf-8") }
    static func icon() -> Answer { asset(PackageResources.icon_svg, "image/svg+xml") }

    /// Own files only: no other site, no script or style within the page, no frame, no form that leaves it.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    private static func asset(_ bytes: [UInt8], _ contentType: String) -> Answer {
        Answer(
            status: .ok, contentType: contentType, body: bytes,
            headers: [(.contentSecurityPolicy, policy), (.referrerPolicy, "no-referrer")])
    }

    func history(_ name: String) async -> Answer {
        let names = await operations.snapshot().releases.map(\.name)
        guard names.contains(name) else { return Endpoints.unknown("release", name, known: names) }
        let history = await book.history(of: name)
        return await desk.make { .json(HistoryDocument(history, release: name)) }
    }

    /// An endless answer.
    func stream(_ call: Route.Call) async -> Answer {
        let key: StreamDocuments.Key
        switch call.query["release"] {
        case nil: key = .status
        case let name?:
            let names = await operations.snapshot().releases.map(\.name)
            guard names.contains(name) else { return Endpoints.unknown("release", name, known: names) }
            key = .release(name)
        }
        var answer = Answer(status: .ok, contentType: "text/event-stream", body: [])
        answer.stream = EventStream(documents: streams, key: key, lastEventID: call.lastEventID)
        return answer
    }

    func session(_ call: Route.Call) -> Answer {
        guard let access = call.session else { return .nothingHere(isAPI: true) }
        return .json(SessionDocument(access.callers.callers.listen, caller: access.whoCalls()))
    }

    func signIn(_ call: Route.Call) -> Answer {
        guard let access = call.session else { return .nothingHere(isAPI: true) }
        guard access.callers.callers.listen.asksForToken else {
            return .error("this daemon has no token: there is nothing to sign in with", status: .conflict, asJSON: true)
        }
        do {
            let token = try CommandBody(call.body, known: ["token"]).required("token")
            var answer = Answer.text("", status: .noContent)
            answer.headers.append((.setCookie, try access.signIn(token: token)))
            return answer
        } catch let invalid as CommandBody.Invalid {
            return .error(invalid.description, status: .badRequest, asJSON: true)
        } catch let refusal as CallerGuard.Refusal {
            return refusal.answer(asJSON: true)
        } catch { return .error("\(error)", status: .badRequest, asJSON: true) }
    }

    func signOut(_ call: Route.Call) -> Answer {
        guard let access = call.session else { return .nothingHere(isAPI: true) }
        var answer = Answer.text("", status: .noContent)
        answer.headers.append((.setCookie, access.signOut()))
        return answer
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}

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

    func incidentHistory(_ id: String) async -> Answer {
        guard let incident = await knownIncident(id), let document = await book.plots(of: incident) else {
            return .error(
                "there are no plots of an incident \(id.prefix(100)): they are kept of the newest \(IncidentPlots.fileLimit) that this daemon watched",
                status: .notFound, asJSON: true)
        }
        return Answer(status: .ok, contentType: "application/json", body: document)
    }

    /// The incident as a signed file.
    func report(_ id: String) async -> Answer {
        let snapshot = await operations.snapshot()
        guard let incident = await knownIncident(id), let entries = try? await operations.entries(incident: id) else {
            return Endpoints.unknown("incident", id, known: snapshot.incidents.map(\.id))
        }
        let history = await book.plots(of: incident)
        let fates = (try? await operations.fates(ofEntries: entries.map(\.sequence))) ?? []
        return await desk.make {
            let document = IncidentDocument(
                incident, entries: entries, fates: fates, externalURL: snapshot.externalURL)
            let plots = history.flatMap { try? JSONDecoder().decode(HistoryDocument.self, from: Data($0)) }
            do {
                let html = try IncidentReport(incident: document, history: plots, version: version).html()
                var answer = Answer(
                    status: .ok, contentType: "text/html; charset=utf-8",
                    body: try SignedReport.signed(html, with: reportKey.key()))
                let name = String(id.unicodeScalars.filter { CharacterSet.alphanumerics.contains($0) || $0 == "-" })
                answer.headers.append((.contentDisposition, "attachment; filename=\"\(name).html\""))
                return answer
            } catch {
                return .error("the report cannot be signed: \(error)", status: .serviceUnavailable, asJSON: true)
            }
        }
    }

    func publicKey() -> Answer {
        do { return .text(try reportKey.publicKey()) } catch {
            return .error("the key of the reports cannot be read: \(error)", status: .serviceUnavailable, asJSON: true)
        }
    }

    func knownIncident(_ id: String) async -> Incident? {
        if let known = await operations.snapshot().incidents.first(where: { $0.id == id }) { return known }
        return (try? await operations.entries(incident: id)).flatMap { Incident(history: $0) }
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
    fileprivate static let contentDisposition = HTTPField.Name("Content-Disposition")!
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}

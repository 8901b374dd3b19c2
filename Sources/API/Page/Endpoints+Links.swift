import Model
import Ports

/// The links in messages: the page reads one to ask once more, and uses it when the operator confirms. The token in the body
/// is what allows the call.
extension Endpoints {
    func readLink(_ call: Route.Call) async -> Answer {
        do throws(CommandBody.Invalid) {
            let token = try CommandBody(call.body, known: ["token"]).required("token")
            let reading = await operations.readLink(token)
            guard let target = reading.target else { return Endpoints.invalidLink }
            guard let incident = await knownIncident(target.incident) else {
                return .error("the incident of this link is not kept any more", status: .notFound, asJSON: true)
            }
            return .json(LinkDocument(target, incident, isExpired: reading == .expired(target)))
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    func useLink(_ call: Route.Call) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try CommandBody(call.body, known: ["token", "by", "reason"])
            let token = try body.required("token")
            switch await operations.readLink(token) {
            case .invalid: return Endpoints.invalidLink
            case .expired: return .error("this link has expired", status: .forbidden, asJSON: true)
            case .valid(let target):
                let name = body.optional("by").map { "\($0), by a link in a message" } ?? "a link in a message"
                return Endpoints.answer(
                    await operations.acknowledge(
                        target.incident, by: name, reason: body.optional("reason") ?? "acknowledged from a message"))
            }
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    private static let invalidLink = Answer.error(
        "this link is not one of this daemon's", status: .forbidden, asJSON: true)
}

extension LinkReading {
    /// Nil for a link that is not ours.
    fileprivate var target: LinkTarget? {
        switch self {
        case .valid(let target), .expired(let target): target
        case .invalid: nil
        }
    }
}

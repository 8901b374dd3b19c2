import Model

/// What changes something. The guard has let the call through already.
extension Endpoints {
    func rollback(_ call: Route.Call) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try CommandBody(call.body, known: ["reason", "to", "by", "even_contracted"])
            let reason = try body.required("reason")
            let evenContracted = try Endpoints.isYes("even_contracted", body)
            let result = await operations.rollback(
                release: call.name, toVersion: body.optional("to"), evenContracted: evenContracted,
                by: Endpoints.author(body, call), reason: reason)
            return Endpoints.answer(result)
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    static func isYes(_ name: String, _ body: CommandBody) throws(CommandBody.Invalid) -> Bool {
        switch body.optional(name) {
        case nil, "false": false
        case "true": true
        default: throw CommandBody.Invalid(description: "\"\(name)\" takes \"true\" and \"false\"")
        }
    }

    func rearm(_ call: Route.Call) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try CommandBody(call.body, known: ["reason", "by", "abandon_plan"])
            let reason = try body.required("reason")
            let result = await operations.rearm(
                release: call.name, abandonPlan: try Endpoints.isYes("abandon_plan", body),
                by: Endpoints.author(body, call), reason: reason)
            return Endpoints.answer(result)
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    /// Done when it is answered, so 200 and not 202; errors in the files are the caller's, so 400 and not 409.
    func reload(asJSON: Bool) async -> Answer {
        switch await operations.reload() {
        case .accepted(let text, let incident):
            guard asJSON else { return .text(text) }
            return .json(CommandDocument(result: "accepted", text: text, incident: incident))
        case .refused(let text), .notFound(let text), .watchedElsewhere(let text):
            return asJSON
                ? .json(RefusalDocument(text: text), status: .badRequest) : .text(text, status: .badRequest)
        }
    }

    /// An order about the configuration centre; the fields `state` and `force` belong to some of them.
    func centre(_ call: Route.Call, _ order: (CommandBody) throws(CommandBody.Invalid) -> CentreOrder) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try CommandBody(call.body, known: ["reason", "by", "state", "force"])
            let result = await operations.centre(
                try order(body), by: Endpoints.author(body, call), reason: body.optional("reason") ?? "")
            guard case .accepted(let text, _) = result else { return Endpoints.answer(result) }
            return .json(CommandDocument(result: "accepted", text: text, incident: nil))
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    static func author(_ body: CommandBody, _ call: Route.Call) -> String { author(body.optional("by"), call) }

    /// The token's name, where it has one: what the body says is a claim then.
    static func author(_ by: String?, _ call: Route.Call) -> String {
        call.caller ?? by ?? "the API, from \(call.peer)"
    }

    static func answer(_ result: CommandResult) -> Answer {
        switch result {
        case .accepted(let text, let incident):
            .json(CommandDocument(result: "accepted", text: text, incident: incident), status: .accepted)
        case .refused(let text): .json(RefusalDocument(text: text), status: .conflict)
        case .notFound(let text): .error(text, status: .notFound, asJSON: true)
        case .watchedElsewhere(let text): Endpoints.watchedElsewhere(text)
        }
    }
}

import Model

extension Route {
    /// What goes back beside the traffic.
    static let plans: [Route] = [
        // It changes nothing, and asks what the steps' proofs show: programs are run and services are called for it.
        Route(.post, "/api/v1/releases/{name}/plan", "What the steps of a release's plan would do now; changes nothing")
        {
            await $0.plan($1)
        },
        Route(
            .post, "/api/v1/incidents/{id}/plan",
            "Decide about a step of the plan of an incident or a rollout, or give the plan up"
        ) {
            await $0.orderPlan($1)
        },
    ]
}

extension Endpoints {
    func plan(_ call: Route.Call) async -> Answer {
        guard let release = await operations.snapshot().releases.first(where: { $0.name == call.name }) else {
            return .error("there is no release \"\(CommandBody.shown(call.name))\"", status: .notFound, asJSON: true)
        }
        let road: ProcedureRoad
        do throws(CommandBody.Invalid) { road = try Endpoints.road(call.body) } catch {
            return .error(error.description, status: .badRequest, asJSON: true)
        }
        guard let (deadlineMs, steps) = await operations.planPreview(release: call.name, road) else {
            return .error("\(call.name) has no plan: a rollback moves traffic alone", status: .notFound, asJSON: true)
        }
        return .json(PlanPreviewDocument(release, road, deadlineMs: deadlineMs, steps))
    }

    /// `{"when": "begin"}`; without it the road of a rollback.
    private static func road(_ bytes: [UInt8]) throws(CommandBody.Invalid) -> ProcedureRoad {
        guard !bytes.isEmpty else { return .rollback }
        guard let name = try CommandBody(bytes, known: ["when"]).optional("when") else { return .rollback }
        guard let road = ProcedureRoad(rawValue: name) else {
            throw CommandBody.Invalid(description: "\"when\" takes begin, watch, promote and rollback")
        }
        return road
    }

    func orderPlan(_ call: Route.Call) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try CommandBody(call.body, known: ["action", "step", "without_backup", "reason", "by"])
            let order = try Endpoints.order(body)
            let reason = try body.required("reason")
            return Endpoints.answer(
                await operations.orderPlan(
                    incident: call.name, order, by: Endpoints.author(body, call), reason: reason))
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    private static func order(_ body: CommandBody) throws(CommandBody.Invalid) -> ProcedureOrder {
        let action = body.optional("action") ?? ""
        if action == "abandon" { return .abandon }
        if action == "run" { return .run(from: body.optional("step")) }
        guard ["done", "skip", "retry"].contains(action) else {
            throw CommandBody.Invalid(description: "\"action\" takes done, skip, retry, run and abandon")
        }
        guard let step = body.optional("step") else {
            throw CommandBody.Invalid(description: "\"step\" is missing; give the name of the plan's step")
        }
        return switch action {
        case "done": try isYes("without_backup", body) ? .doneWithoutBackup(step: step) : .done(step: step)
        case "skip": .skip(step: step)
        default: .retry(step: step)
        }
    }
}

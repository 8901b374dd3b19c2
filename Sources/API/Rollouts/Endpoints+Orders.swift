import HTTPTypes
import Model
import Support

/// Orders to the rollouts. The guard has let the call through already.
extension Endpoints {
    private typealias Fields = [(name: String, kind: OrderBody.Kind)]

    private static let always: Fields = [
        ("reason", .text(CommandBody.textLimit)), ("by", .text(OrderBody.nameLimit)),
    ]
    private static let step: (name: String, kind: OrderBody.Kind) = ("step", .number(1...1_000))
    private static let why = "give the reason, for the rollout's record"
    private static let whichStep = "name the step that is meant, as `status` shows it"

    // MARK: Of a release

    func prepare(_ call: Route.Call) async -> Answer {
        await ofRelease(call, "prepare", Endpoints.versionFields) { body throws(CommandBody.Invalid) in
            .prepare(try Endpoints.prepareOrder(body))
        }
    }

    func begin(_ call: Route.Call) async -> Answer {
        await ofRelease(call, "begin", Endpoints.versionFields + [("targets", .list(PrepareOrder.targetLimit))]) {
            body throws(CommandBody.Invalid) in
            .begin(try Endpoints.prepareOrder(body))
        }
    }

    private static let versionFields: Fields = [
        ("version", .text(OrderBody.nameLimit)), ("build", .text(OrderBody.nameLimit)),
        ("place", .text(OrderBody.nameLimit)), ("on_busy", .text(OrderBody.nameLimit)), ("force", .flag),
        ("allow_downgrade", .flag),
    ]

    private static func prepareOrder(_ body: OrderBody) throws(CommandBody.Invalid) -> PrepareOrder {
        let version = try body.required("version", "name the version, as its targets report it")
        var onBusy: RolloutPlan.BusyPolicy?
        if let text = body.text("on_busy") {
            guard let known = RolloutPlan.BusyPolicy(rawValue: text) else {
                throw CommandBody.Invalid(description: "\"on_busy\" is refuse, queue or supersede")
            }
            onBusy = known
        }
        let targets = body.names("targets")
        if let problem = OrderedTargets.problem(targets) {
            throw CommandBody.Invalid(description: "\"targets\": \(problem)")
        }
        return PrepareOrder(
            version: VersionIdentity(version, build: body.text("build")), place: body.text("place"), onBusy: onBusy,
            isForced: body.flag("force"), allowsDowngrade: body.flag("allow_downgrade"), targets: targets)
    }

    func freeze(_ call: Route.Call) async -> Answer {
        await ofRelease(call, "freeze", Endpoints.freezeFields, Endpoints.freezeOrder)
    }

    func unfreeze(_ call: Route.Call) async -> Answer { await ofRelease(call, "unfreeze", []) { _ in .unfreeze } }

    func freezeAll(_ call: Route.Call) async -> Answer {
        await ofAll(call, "freeze", Endpoints.freezeFields, Endpoints.freezeOrder)
    }

    func unfreezeAll(_ call: Route.Call) async -> Answer { await ofAll(call, "unfreeze", []) { _ in .unfreeze } }

    private static let freezeFields: Fields = [("until", .time)]

    private static func freezeOrder(_ body: OrderBody) throws(CommandBody.Invalid) -> RolloutCommand {
        _ = try body.required("reason", why)
        return .freeze(untilWallMs: body.time("until")?.wallMs)
    }

    // MARK: Of a rollout

    func pause(_ call: Route.Call) async -> Answer {
        await ofRollout(call, "pause", [("for_seconds", .number(1...31_536_000))]) { body in
            .pause(forMs: body.number("for_seconds").map { Int64($0 * 1_000) })
        }
    }

    func resume(_ call: Route.Call) async -> Answer {
        await ofRollout(call, "resume", [("accept_baseline", .flag)]) { body in
            .resume(acceptsBaseline: body.flag("accept_baseline"))
        }
    }

    func approve(_ call: Route.Call) async -> Answer {
        let fields: Fields = [Endpoints.step, ("gate", .text(OrderBody.nameLimit))]
        return await ofRollout(call, "approve", fields) { body throws(CommandBody.Invalid) in
            .approve(step: try Endpoints.requiredStep(body), gate: body.text("gate"))
        }
    }

    func deny(_ call: Route.Call) async -> Answer {
        await ofRollout(call, "deny", [Endpoints.step, ("rollback", .flag)]) { body throws(CommandBody.Invalid) in
            _ = try body.required("reason", Endpoints.why)
            return .deny(step: try Endpoints.requiredStep(body), rollsBack: body.flag("rollback"))
        }
    }

    func abort(_ call: Route.Call) async -> Answer {
        await ofRollout(call, "abort", []) { body throws(CommandBody.Invalid) in
            _ = try body.required("reason", Endpoints.why)
            return .abort
        }
    }

    private static func requiredStep(_ body: OrderBody) throws(CommandBody.Invalid) -> Int {
        guard let step = body.number("step") else {
            throw CommandBody.Invalid(description: "\"step\" is missing; \(whichStep)")
        }
        return Int(step)
    }

    /// A promotion without a step has to name the state that its caller has seen: two clicks must not be two steps.
    func promote(_ call: Route.Call) async -> Answer {
        let seen: Int?
        do throws(CommandBody.Invalid) {
            seen = try OrderHeaders(call).ifMatch == nil ? nil : await presentStep(call.name)
        } catch { return Endpoints.badOrder(error) }
        var missesCondition = false
        let answer = await ofRollout(call, "promote", Endpoints.promoteFields) { body throws(CommandBody.Invalid) in
            guard let step = body.number("step").map({ Int($0) }) ?? seen else {
                missesCondition = true
                throw CommandBody.Invalid(
                    description: "\"step\" is missing; \(Endpoints.whichStep), or send If-Match with the rollout's ETag"
                )
            }
            return .promote(try Endpoints.promoteOrder(body, step: step))
        }
        guard missesCondition else { return answer }
        var refused = answer
        refused.status = .preconditionRequired
        return refused
    }

    private static let promoteFields: Fields = [
        step, ("skip", .names), ("to_basis_points", .number(1...10_000)), ("override", .names), ("end_bake", .flag),
    ]

    private static func promoteOrder(_ body: OrderBody, step: Int) throws(CommandBody.Invalid) -> PromoteOrder {
        let override = body.names("override")
        for name in override where name != "frozen" && name != "window" {
            throw CommandBody.Invalid(description: "\"override\" takes \"frozen\" and \"window\"")
        }
        let target = body.number("to_basis_points").map { Int($0) }
        if !override.isEmpty || target != nil || !body.names("skip").isEmpty { _ = try body.required("reason", why) }
        return PromoteOrder(
            step: step, skip: body.names("skip"), toBasisPoints: target,
            overridesFreeze: override.contains("frozen"), overridesCalendar: override.contains("window"),
            endsBake: body.flag("end_bake"))
    }

    private func presentStep(_ id: String) async -> Int? {
        Endpoints.find(id, in: await operations.snapshot())?.rollout.step
    }

    // MARK: Of a gate

    func answerGate(_ call: Route.Call) async -> Answer {
        let fields: Fields = [("answer", .text(OrderBody.nameLimit)), ("valid_for_seconds", .number(0...315_360_000))]
        let snapshot = await operations.snapshot()
        guard let release = RolloutName.release(ofGate: call.name, in: snapshot) else {
            return Endpoints.answer(
                RolloutAnswer(.refused(.notFound), "no rollout has asked the gate \(call.name.prefix(200))"),
                release: "")
        }
        return await order(call, "answer:\(call.name)", fields, release: release, rollout: nil) {
            (body) throws(CommandBody.Invalid) in
            .answerGate(
                id: call.name, try Endpoints.gateReply(body, call, atWallMs: snapshot.atWallMs),
                once: call.hasGateToken)
        }
    }

    private static func gateReply(
        _ body: OrderBody, _ call: Route.Call, atWallMs now: Int64
    ) throws(CommandBody.Invalid) -> GateReply {
        let text = try body.required("answer", "it is proceed, hold or rollback")
        guard let answer = GateReply.Answer(rawValue: text), answer != .later else {
            throw CommandBody.Invalid(description: "\"answer\" is proceed, hold or rollback")
        }
        return GateReply(
            answer, by: author(body, call), reason: body.text("reason") ?? "",
            validUntilWallMs: body.number("valid_for_seconds").map { now + Int64($0 * 1_000) })
    }

    // MARK: All of them

    private typealias Reading = (OrderBody) throws(CommandBody.Invalid) -> RolloutCommand

    private func ofRelease(
        _ call: Route.Call, _ verb: String, _ fields: Fields, _ read: Reading
    ) async -> Answer {
        await order(call, verb, fields, release: call.name, rollout: nil, read)
    }

    private func ofRollout(
        _ call: Route.Call, _ verb: String, _ fields: Fields, _ read: Reading
    ) async -> Answer {
        guard let release = RolloutName.release(of: call.name) else {
            return Endpoints.unknownRollout(call.name, await operations.snapshot().releases)
        }
        return await order(call, verb, fields, release: release, rollout: call.name, read)
    }

    private func order(
        _ call: Route.Call, _ verb: String, _ fields: Fields, release: String, rollout: String?, _ read: Reading
    ) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try OrderBody(call.body, known: fields + Endpoints.always)
            let command = try read(body)
            let context = try Endpoints.context(call, verb, body, rollout: rollout)
            return Endpoints.answer(await operations.order(command, release: release, context), release: release)
        } catch { return Endpoints.badOrder(error) }
    }

    /// The same order to each release with steps.
    private func ofAll(_ call: Route.Call, _ verb: String, _ fields: Fields, _ read: Reading) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try OrderBody(call.body, known: fields + Endpoints.always)
            let command = try read(body)
            let context = try Endpoints.context(call, verb, body, rollout: nil)
            let names = await operations.snapshot().namesOfLed
            guard !names.isEmpty else {
                return .error("no release has `steps`, so there is nothing to \(verb)", status: .conflict, asJSON: true)
            }
            var documents: [OrderDocument] = []
            for name in names {
                let answer = await operations.order(command, release: name, context)
                if Endpoints.isNotDurable(answer) { return Endpoints.answer(answer, release: name) }
                documents.append(OrderDocument(answer, release: name))
            }
            let text = documents.map(\.text).joined(separator: "; ")
            return .json(OrdersDocument(text: text, releases: documents), status: .accepted)
        } catch { return Endpoints.badOrder(error) }
    }

    private static func context(
        _ call: Route.Call, _ verb: String, _ body: OrderBody, rollout: String?
    ) throws(CommandBody.Invalid) -> OrderContext {
        let headers = try OrderHeaders(call)
        // Orders that name a step are distinguished by it, so that a pipeline may use one key for all of them.
        let step = body.number("step").map { ":\(Int($0))" } ?? ""
        let line = ["\(verb)\(step)", call.name, body.canonical].filter { !$0.isEmpty }.joined(separator: " ")
        return OrderContext(
            by: author(body.text("by"), call), reason: reason(body, call), key: headers.key,
            body: line, rollout: rollout, ifMatch: headers.ifMatch, isLimitedToOwn: !call.mayOperate)
    }

    /// With the name that the caller claims beside that of its token.
    private static func reason(_ body: OrderBody, _ call: Route.Call) -> String {
        let reason = body.text("reason") ?? "no reason given"
        guard let caller = call.caller, let claimed = body.text("by"), claimed != caller else { return reason }
        return "\(reason) (claimed by \(claimed))"
    }

    private static func author(_ body: OrderBody, _ call: Route.Call) -> String { author(body.text("by"), call) }

    private static func badOrder(_ problem: CommandBody.Invalid) -> Answer {
        .error(problem.description, status: .badRequest, asJSON: true)
    }

    /// The order is taken, but its entry was not on the disk in time.
    private static func isNotDurable(_ answer: RolloutAnswer) -> Bool {
        answer.outcome == .refused(.notReady) && answer.sequence != nil
    }

    static func answer(_ answer: RolloutAnswer, release: String) -> Answer {
        var reply = Answer.json(OrderDocument(answer, release: release), status: status(answer))
        if let tag = answer.tag { reply.headers.append((.eTag, "\"\(tag)\"")) }
        if isNotDurable(answer) { reply.headers.append((.retryAfter, "1")) }
        return reply
    }

    private static func status(_ answer: RolloutAnswer) -> HTTPResponse.Status {
        switch answer.outcome {
        case .created: .created
        case .accepted: .accepted
        case .already: .ok
        case .refused where isNotDurable(answer): .serviceUnavailable
        case .refused(.stale): .preconditionFailed
        case .refused(.keyReused), .refused(.invalid): .unprocessableContent
        case .refused(.notFound), .refused(.watchedElsewhere): .notFound
        case .refused(.notYours): .forbidden
        case .refused: .conflict
        }
    }
}

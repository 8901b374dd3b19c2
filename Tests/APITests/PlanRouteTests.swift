import Foundation
import Model
import Testing

@testable import API

@Suite("Plans in the API")
struct PlanRouteTests {
    private static func post(_ console: LiveConsole, _ body: String) async throws -> Int {
        try await console.send(
            "POST", "/api/v1/incidents/checkout-17/plan", headers: ["Content-Length: \(body.utf8.count)"], body: body
        ).status
    }

    @Test(arguments: [
        (#"{"action":"done","step":"queue","reason":"r","by":"ann"}"#, ProcedureOrder.done(step: "queue")),
        (#"{"action":"skip","step":"queue","reason":"r","by":"ann"}"#, .skip(step: "queue")),
        (#"{"action":"retry","step":"queue","reason":"r","by":"ann"}"#, .retry(step: "queue")),
        (#"{"action":"abandon","reason":"r","by":"ann"}"#, .abandon),
        (#"{"action":"run","reason":"r","by":"ann"}"#, .run(from: nil)),
        (#"{"action":"run","step":"queue","reason":"r","by":"ann"}"#, .run(from: "queue")),
    ])
    func anOrderNamesItsStep(_ body: String, _ order: ProcedureOrder) async throws {
        try await LiveConsole.run { console in
            let status = try await Self.post(console, body)
            #expect(status == 202)
            #expect(await console.operations.asked == [.plan("checkout-17", order, by: "ann", reason: "r")])
        }
    }

    @Test(arguments: [
        "", "{}", #"{"action":"done","reason":"r"}"#, #"{"action":"undo","step":"a","reason":"r"}"#,
        #"{"action":"done","step":"a"}"#, #"{"action":"done","steps":"a","reason":"r"}"#,
    ])
    func whatIsUnclearIsRefused(_ body: String) async throws {
        try await LiveConsole.run { console in
            let status = try await Self.post(console, body)
            #expect(status == 400)
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test func aRearmMayGiveThePlanUp() async throws {
        try await LiveConsole.run { console in
            for value in ["true", "false", "perhaps"] {
                let body = #"{"reason":"r","by":"ann","abandon_plan":"\#(value)"}"#
                let answer = try await console.post("/api/v1/releases/checkout/rearm", body)
                #expect(answer.status == (value == "perhaps" ? 400 : 202))
            }
            let expected = [true, false].map {
                ScriptedOperations.Asked.rearm(release: "checkout", abandonPlan: $0, by: "ann", reason: "r")
            }
            #expect(await console.operations.asked == expected)
        }
    }

    private static let plan = ProcedurePlan(steps: [
        ProcedureStep(name: "cache", work: .exec(ExecWork(command: ["/bin/warm"]))),
        ProcedureStep(name: "queue", work: .person(text: "read orders.dlq")),
        ProcedureStep(name: "flag", work: .flag(FlagWork(flag: "new"))),
    ])

    /// An incident whose plan has come as far as these events say.
    private static func run(_ events: [ProcedureEvent]) -> ProcedureRun? {
        var incident = Sample.incident
        for (index, event) in ([.frozen(plan)] + events).enumerated() {
            incident.apply(
                JournalEntry(
                    sequence: UInt64(index + 30), wallMs: Sample.atMs, release: "checkout", incident: "checkout-17",
                    event: .procedure(event)))
        }
        return incident.procedure
    }

    private static func orders(_ events: [ProcedureEvent]) -> [[String]?] {
        run(events).map { PlanDocument($0).steps.map(\.orders) } ?? []
    }

    @Test func aStepSaysWhatMayBeDecidedAboutIt() {
        #expect(Self.orders([]) == [["done", "skip"], ["done", "skip"], ["done", "skip"]])
        #expect(Self.orders([.started(step: "cache", attempt: 1)])[0] == [])
        #expect(Self.orders([.unknown(step: "cache", reason: "lost")])[0] == ["done", "retry", "skip"])
        #expect(Self.orders([.skipped(step: "cache", by: "ann", reason: "r")])[0] == [])
        #expect(Self.orders([.waiting(step: "queue"), .ended(reason: "over")]) == [[], [], []])
        let waiting = Self.run([.waiting(step: "queue")]).map(PlanDocument.init)?.steps
        #expect(waiting?.map(\.needsOperator) == [false, true, false])
        #expect(waiting?.map(\.instructions) == [nil, "read orders.dlq", nil])
    }

    @Test func aReleaseShowsItsPlanAndWhatHasComeOfIt() async throws {
        var snapshot = Sample.led
        snapshot.releases[0].procedure = ProcedureSnapshot(
            plan: Self.plan, incident: "checkout-17", run: Self.run([.waiting(step: "queue")]))
        let name = snapshot.releases[0].name
        let contract = try APIContract(OpenAPIDocument.bytes)
        try await LiveConsole.run(.init(snapshot: snapshot)) { console in
            let reply = try await console.get("/api/v1/releases/\(name)")
            let schema = try #require(contract.answer("GET /api/v1/releases/{name}", status: 200))
            let value = try JSONSerialization.jsonObject(with: Data(reply.body))
            #expect(contract.check.violations(value, schema: schema) == [])
            let plan = try reply.decoded(ReleaseDocument.self).plan
            #expect(plan?.steps.map(\.kind) == ["exec", "person", "flag"] && plan?.incident == "checkout-17")
            #expect(plan?.run?.steps.map(\.state) == ["planned", "waiting_for_person", "planned"])
        }
    }

    /// The plan of a rollout that has come as far as these events say.
    private static func forward(_ events: [ProcedureEvent]) -> ForwardProcedure? {
        var plan = plan
        for index in plan.steps.indices { (plan.steps[index].roads, plan.steps[index].at) = ([.begin], .before) }
        plan.forward = ForwardVersions(baseline: "v1.4.2", canary: "v1.5.0")
        var entries = ([.frozen(plan)] + events).enumerated().map { index, event in
            JournalEntry(
                sequence: UInt64(index + 30), wallMs: Sample.atMs, release: "checkout", incident: "checkout-r17",
                event: .procedure(event))
        }
        var forward = ForwardProcedure(entries.removeFirst())
        for entry in entries { forward?.apply(entry) }
        return forward
    }

    @Test func aReleaseShowsItsWaysForward() async throws {
        var snapshot = Sample.led
        var shown = ProcedureSnapshot(plan: ProcedurePlan())
        shown.forward = Self.forward([.started(step: "cache", attempt: 1)])
        shown.forwardPlan = shown.forward.map { ProcedurePlan(steps: $0.steps.steps.map(\.plan)) }
        shown.watched = [ProcedureStep(name: "lag", work: .exec(ExecWork(command: ["/bin/lag"])))]
        shown.failing = ["lag"]
        snapshot.releases[0].procedure = shown
        let name = snapshot.releases[0].name
        let contract = try APIContract(OpenAPIDocument.bytes)
        try await LiveConsole.run(.init(snapshot: snapshot)) { console in
            let reply = try await console.get("/api/v1/releases/\(name)")
            let schema = try #require(contract.answer("GET /api/v1/releases/{name}", status: 200))
            let value = try JSONSerialization.jsonObject(with: Data(reply.body))
            #expect(contract.check.violations(value, schema: schema) == [])
            let plan = try #require(try reply.decoded(ReleaseDocument.self).plan)
            #expect(plan.forward?.id == "checkout-r17" && plan.forward?.road == "begin")
            #expect(plan.forward?.run.steps.map(\.state) == ["started", "planned", "planned"])
            #expect(plan.forwardSteps?.map(\.road) == ["begin", "begin", "begin"])
            #expect(plan.watched?.map(\.fails) == [true] && plan.steps.isEmpty)
        }
    }

    @Test(arguments: [
        (#"{"when":"begin"}"#, [ScriptedOperations.Asked.preview(.begin)], 200),
        (#"{"when":"rollback"}"#, [], 200), (#"{"when":"sideways"}"#, [], 400), (#"{"road":"begin"}"#, [], 400),
    ])
    func thePreviewIsOfOneRoad(_ body: String, _ asked: [ScriptedOperations.Asked], _ status: Int) async throws {
        var script = ScriptedOperations.Script()
        script.planSteps = []
        try await LiveConsole.run(script) { console in
            let answer = try await console.post("/api/v1/releases/checkout/plan", body)
            #expect(answer.status == status, "\(answer.text)")
            #expect(await console.operations.asked == asked)
        }
    }

    @Test func thePreviewShowsCallsAndFindings() async throws {
        var script = ScriptedOperations.Script()
        script.planSteps = [
            StepPreview(
                step: ProcedureStep(name: "cache", work: .exec(ExecWork(command: ["/bin/warm"]))), call: "/bin/warm",
                finding: nil),
            StepPreview(
                step: ProcedureStep(name: "flag", work: .flag(FlagWork(flag: "new")), at: .split),
                call: "flag new -> off",
                finding: .notProved("it is on")),
        ]
        try await LiveConsole.run(script) { console in
            let answer = try await console.post("/api/v1/releases/checkout/plan", "{}")
            #expect(answer.status == 200)
            for text in [#""call":"/bin/warm""#, #""shows":null"#, #""shows":"not_proved""#, #""finding":"it is on""#] {
                #expect(answer.text.contains(text), "\(answer.text)")
            }
            let unknown = try await console.post("/api/v1/releases/cart/plan", "{}")
            #expect(unknown.status == 404)
            // Readers may not have programs run.
            let read = try await console.send("GET", "/api/v1/releases/checkout/plan")
            #expect(read.status == 405)
        }
    }
}

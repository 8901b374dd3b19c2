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
    ])
    func anOrderNamesItsStep(_ body: String, _ order: ProcedureOrder) async throws {
        try await LiveConsole.run { console in
            let status = try await Self.post(console, body)
            #expect(status == 202)
            #expect(await console.operations.asked == [.plan("checkout-17", order, by: "ann", reason: "r")])
        }
    }

    @Test(arguments: [
        "", "{}", #"{"action":"done","reason":"r"}"#, #"{"action":"run","step":"a","reason":"r"}"#,
        #"{"action":"done","step":"a"}"#, #"{"action":"done","steps":"a","reason":"r"}"#,
    ])
    func whatIsUnclearIsRefused(_ body: String) async throws {
        try await LiveConsole.run { console in
            let status = try await Self.post(console, body)
            #expect(status == 400)
            #expect(await console.operations.asked.isEmpty)
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

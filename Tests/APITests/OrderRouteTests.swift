import Foundation
import Model
import Testing

@testable import API

/// Orders to the rollouts, on this machine and without a token.
struct OrderRouteTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let body: String
        let command: RolloutCommand
        let line: String
        var release = "shop"
        var testDescription: String { path }
    }

    private static let order = PrepareOrder(
        version: VersionIdentity("v1.5.0", build: "3f2a91c"), place: "green", onBusy: .supersede, isForced: true,
        allowsDowngrade: true)

    static let cases: [Case] = [
        Case(
            path: "/api/v1/releases/shop/prepare",
            body: #"{"version":"v1.5.0","build":"3f2a91c","place":"green","on_busy":"supersede","force":true,"#
                + #""allow_downgrade":true}"#,
            command: .prepare(order),
            line:
                "prepare shop allow_downgrade=true build=3f2a91c force=true on_busy=supersede place=green version=v1.5.0"
        ),
        Case(
            path: "/api/v1/releases/shop/begin", body: #"{"version":"v1.5.0"}"#,
            command: .begin(PrepareOrder(version: VersionIdentity("v1.5.0"))), line: "begin shop version=v1.5.0"),
        Case(
            path: "/api/v1/releases/shop/freeze", body: #"{"reason":"x","until":"2026-08-01T10:15:30Z"}"#,
            command: .freeze(untilWallMs: 1_785_579_330_000), line: "freeze shop until=2026-08-01T10:15:30Z"),
        Case(path: "/api/v1/releases/shop/unfreeze", body: "", command: .unfreeze, line: "unfreeze shop"),
        Case(
            path: "/api/v1/rollouts/shop-r42/pause", body: #"{"for_seconds":7200}"#,
            command: .pause(forMs: 7_200_000), line: "pause shop-r42 for_seconds=7200"),
        Case(
            path: "/api/v1/rollouts/shop-r42/resume", body: #"{"accept_baseline":true}"#,
            command: .resume(acceptsBaseline: true), line: "resume shop-r42 accept_baseline=true"),
        Case(
            path: "/api/v1/rollouts/shop-r42/approve", body: #"{"step":2}"#, command: .approve(step: 2),
            line: "approve:2 shop-r42 step=2"),
        Case(
            path: "/api/v1/rollouts/shop-r42/approve", body: #"{"step":2,"gate":"smoke"}"#,
            command: .approve(step: 2, gate: "smoke"), line: "approve:2 shop-r42 gate=smoke step=2"),
        Case(
            path: "/api/v1/rollouts/shop-r42/deny", body: #"{"step":2,"rollback":true,"reason":"x"}"#,
            command: .deny(step: 2, rollsBack: true), line: "deny:2 shop-r42 rollback=true step=2"),
        Case(
            path: "/api/v1/rollouts/shop-r42/promote",
            body: #"{"step":2,"skip":["min","evidence"],"to_basis_points":10000,"override":["frozen"],"reason":"x"}"#,
            command: .promote(
                PromoteOrder(step: 2, skip: ["min", "evidence"], toBasisPoints: 10_000, overridesFreeze: true)),
            line: "promote:2 shop-r42 override=frozen skip=min,evidence step=2 to_basis_points=10000"),
        Case(
            path: "/api/v1/rollouts/shop-r42/abort", body: #"{"reason":"x"}"#, command: .abort,
            line: "abort shop-r42"),
    ]

    @Test(arguments: cases)
    func anOrderIsPassedOnWithItsConditions(_ given: Case) async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let reply = try await console.post(
                given.path, given.body, headers: ["Idempotency-Key: \"job-17\"", "If-Match: \"shop-r42.52\""])
            #expect(reply.status == 202, "\(reply.text)")
            #expect(reply.headers["etag"] == "\"checkout-r42.50\"")
            let isOfRollout = given.path.contains("/rollouts/")
            let asked = await console.operations.asked
            guard case .order(let command, let release, let context) = asked.first else {
                Issue.record("nothing was asked: \(asked)")
                return
            }
            #expect(command == given.command)
            #expect(release == given.release)
            #expect(context.body == given.line)
            #expect(context.by == "the API, from 127.0.0.1")
            #expect(context.key == "job-17")
            #expect(context.ifMatch == "shop-r42.52")
            #expect(context.rollout == (isOfRollout ? "shop-r42" : nil))
        }
    }

    @Test(arguments: [
        ("/api/v1/releases/shop/prepare", "{}", "\"version\" is missing"),
        ("/api/v1/releases/shop/prepare", #"{"version":"v1","on_busy":"wait"}"#, "refuse, queue or supersede"),
        ("/api/v1/releases/shop/prepare", #"{"version":7}"#, "\"version\" must be a text"),
        ("/api/v1/releases/shop/freeze", #"{"until":"2026-08-01T10:15:30Z"}"#, "\"reason\" is missing"),
        ("/api/v1/releases/shop/freeze", #"{"reason":"x","until":"tomorrow"}"#, "a time in UTC such as"),
        ("/api/v1/rollouts/shop-r42/pause", #"{"for_seconds":0}"#, "a number from 1 to"),
        ("/api/v1/rollouts/shop-r42/pause", "[]", "not a JSON object"),
        ("/api/v1/rollouts/shop-r42/pause", #"{"until":"x"}"#, "unknown field \"until\""),
        ("/api/v1/rollouts/shop-r42/approve", "{}", "\"step\" is missing"),
        ("/api/v1/rollouts/shop-r42/abort", "{}", "\"reason\" is missing"),
        ("/api/v1/rollouts/shop-r42/promote", #"{"step":2,"skip":["min"]}"#, "\"reason\" is missing"),
        (
            "/api/v1/rollouts/shop-r42/promote", #"{"step":2,"override":["all"],"reason":"x"}"#,
            "\"frozen\" and \"window\""
        ),
        ("/api/v1/rollouts/shop-r42/promote", #"{"step":2,"skip":{"a":1},"reason":"x"}"#, "a list of at most"),
    ])
    func aWrongBodyIsAnsweredWithWhatIsWrong(path: String, body: String, part: String) async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let reply = try await console.post(path, body)
            #expect(reply.status == 400)
            #expect(try reply.decoded(ErrorDocument.self).error.contains(part), "\(reply.text)")
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test(arguments: [
        "Idempotency-Key: a key", "Idempotency-Key: \(String(repeating: "k", count: 201))",
        "If-Match: \"shop-r42.1\", \"shop-r42.2\"",
    ])
    func aWrongConditionIsRefused(header: String) async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let reply = try await console.post("/api/v1/rollouts/shop-r42/pause", "", headers: [header])
            #expect(reply.status == 400)
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test func aPromotionWithoutAStepNeedsTheStateThatItsCallerHasSeen() async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let blind = try await console.post("/api/v1/rollouts/shop-r42/promote", "{}")
            #expect(blind.status == 428)
            #expect(await console.operations.asked.isEmpty)
            let seen = try await console.post(
                "/api/v1/rollouts/shop-r42/promote", "{}", headers: ["If-Match: \"shop-r42.52\""])
            #expect(seen.status == 202)
            let asked = await console.operations.asked
            guard case .order(let command, _, let context) = asked.first else {
                Issue.record("nothing was asked")
                return
            }
            #expect(command == .promote(PromoteOrder(step: 2)))
            #expect(context.ifMatch == "shop-r42.52")
        }
    }

    @Test(arguments: [
        (RolloutAnswer.Outcome.created, 201, "created"), (.accepted, 202, "accepted"), (.already, 200, "already"),
        (.refused(.busy), 409, "busy"), (.refused(.frozen), 409, "frozen"), (.refused(.outside), 409, "outside"),
        (.refused(.latched), 409, "latched"), (.refused(.downBeatsUp), 409, "down_beats_up"),
        (.refused(.notRunning), 409, "not_running"), (.refused(.older), 409, "older"),
        (.refused(.lapsed), 409, "lapsed"), (.refused(.notReady), 409, "not_ready"),
        (.refused(.stale), 412, "stale"), (.refused(.keyReused), 422, "key_reused"),
        (.refused(.invalid), 422, "invalid"), (.refused(.notFound), 404, "not_found"),
    ])
    func anAnswerHasAStatusAndACode(outcome: RolloutAnswer.Outcome, status: Int, code: String) async throws {
        let answer = RolloutAnswer(outcome, "because", rollout: "shop-r42", place: "green", expiresWallMs: Sample.atMs)
        try await LiveConsole.run(.init(snapshot: Sample.led, answer: answer)) { console in
            let reply = try await console.post("/api/v1/releases/shop/prepare", #"{"version":"v1.5.0"}"#)
            #expect(reply.status == status)
            let document = try reply.decoded(OrderDocument.self)
            #expect(document.code == code)
            #expect(document.place == "green")
            #expect(document.expiresAt?.wallMs == Sample.atMs)
            let error = try? reply.decoded(ErrorDocument.self).error
            #expect(error == (status < 300 ? nil : "because"))
        }
    }

    @Test func anOrderThatIsNotOnTheDiskInTimeIsSentAgain() async throws {
        let answer = RolloutAnswer(.refused(.notReady), "send it again with the same key", sequence: 117)
        try await LiveConsole.run(.init(snapshot: Sample.led, answer: answer)) { console in
            let reply = try await console.post("/api/v1/releases/shop/prepare", #"{"version":"v1.5.0"}"#)
            #expect(reply.status == 503)
            #expect(reply.headers["retry-after"] == "1")
        }
    }

    @Test func aFreezeOfAllReachesThoseThatAreLed() async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let reply = try await console.post("/api/v1/freeze", #"{"reason":"the database moves","by":"ann"}"#)
            #expect(reply.status == 202)
            #expect(try reply.decoded(OrdersDocument.self).releases.map(\.release) == ["shop"])
            let asked = await console.operations.asked
            let context = OrderContext(by: "ann", reason: "the database moves", body: "freeze")
            #expect(asked == [.order(.freeze(untilWallMs: nil), release: "shop", context)])
        }
    }

    @Test func aFreezeOfAllWithoutStepsAnywhereIsRefused() async throws {
        try await LiveConsole.run { console in
            let reply = try await console.post("/api/v1/freeze", #"{"reason":"x"}"#)
            #expect(reply.status == 409)
        }
    }

    @Test func aGateAnswersLate() async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let path = "/api/v1/gates/shop-r42-2-smoke-1/answer"
            let reply = try await console.post(
                path, #"{"answer":"proceed","reason":"all green","by":"smoke","valid_for_seconds":60}"#)
            #expect(reply.status == 202)
            let asked = await console.operations.asked
            guard case .order(.answerGate(let id, let answer, let once), let release, _) = asked.first else {
                Issue.record("nothing was asked")
                return
            }
            #expect(!once)
            #expect(id == "shop-r42-2-smoke-1" && release == "shop")
            let expected = GateReply(
                .proceed, by: "smoke", reason: "all green", validUntilWallMs: Sample.led.atWallMs + 60_000)
            #expect(answer == expected)
            for body in [#"{"answer":"yes"}"#, #"{"answer":"later"}"#, "{}", "<html>login</html>"] {
                #expect(try await console.post(path, body).status == 400, "only an explicit answer is one: \(body)")
            }
            let unknown = try await console.post("/api/v1/gates/other-r1-1-x-1/answer", #"{"answer":"proceed"}"#)
            #expect(unknown.status == 404)
            #expect(await console.operations.asked.count == 1)
        }
    }

    @Test func theTokenOfAQuestionAnswersItAndNothingElse() async throws {
        let tokens = [TokenPlan(name: "ci", secret: .file("ci"), may: [.release])]
        try await LiveConsole.run(.init(snapshot: Sample.led), tokens: tokens) { console in
            let (path, body) = ("/api/v1/gates/shop-r42-2-smoke-1/answer", #"{"answer":"proceed"}"#)
            let taken = try await console.post("\(path)?token=token-of-shop-r42-2-smoke-1", body)
            #expect(taken.status == 202)
            guard case .order(.answerGate(_, _, let once), _, _) = await console.operations.asked.first else {
                Issue.record("nothing was asked")
                return
            }
            #expect(once)
            let others = [
                path, "\(path)?token=wrong", "\(path)?token=",
                "/api/v1/gates/shop-r42-2-load-1/answer?token=token-of-shop-r42-2-smoke-1",
                "/api/v1/rollouts/shop-r42/approve?token=token-of-shop-r42-2-smoke-1",
            ]
            for other in others { #expect(try await console.post(other, body).status == 401, "\(other)") }
            #expect(await console.operations.asked.count == 1)
        }
    }

    @Test(arguments: [(RefusalCode.answered, 409), (.notYours, 403), (.lapsed, 409)])
    func aRefusalHasItsStatus(_ code: RefusalCode, _ status: Int) async throws {
        var script = ScriptedOperations.Script(snapshot: Sample.led)
        script.answer = RolloutAnswer(.refused(code), "no", rollout: "shop-r42")
        try await LiveConsole.run(script) { console in
            let reply = try await console.post("/api/v1/rollouts/shop-r42/pause", "")
            #expect(reply.status == status && reply.text.contains(code.rawValue), "\(reply.text)")
        }
    }

    @Test func aRolloutOfNoReleaseIsNotFound() async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let reply = try await console.post("/api/v1/rollouts/nonsense/abort", #"{"reason":"x"}"#)
            #expect(reply.status == 404)
            #expect(try reply.decoded(ErrorDocument.self).error.contains("shop-r42"))
        }
    }
}

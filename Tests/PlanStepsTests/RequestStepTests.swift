import Foundation
import Model
import Ports
import Testing

@testable import PlanSteps

@Suite("Steps that send requests")
struct RequestStepTests {
    @Test(arguments: [
        (200, "done"), (204, "done"), (301, "refused"), (400, "refused"), (401, "refused"), (404, "refused"),
        (405, "refused"), (409, "refused"), (408, "failed"), (429, "failed"), (503, "failed"), (500, "unknown"),
        (502, "unknown"), (504, "unknown"),
    ])
    func theStatusIsTheAnswer(_ status: Int, _ expected: String) async {
        let transport = ScriptedTransport { _ in ScriptedTransport.status(status, "{\"message\":\"what it says\"}") }
        let answer = await http(transport).run(work, call(.http(work)))
        #expect(answer.name == expected && answer.text.contains("what it says"), "\(answer)")
        let request = transport.requests[0]
        #expect(request.method == "POST" && request.headers.contains(TextPair("Idempotency-Key", "checkout-17/cache")))
        #expect(request.headers.contains(TextPair("Content-Type", "application/json")))
    }

    @Test(arguments: [
        (TransportError.connectFailed(address: "a", reason: "refused"), "failed"), (.closed, "failed"),
        (.timedOut(address: "a", afterMs: 5), "unknown"), (.broken(address: "a", reason: "reset"), "unknown"),
        (.unusable("no such file"), "refused"), (.bodyTooLarge(address: "a", limitBytes: 1), "unknown"),
    ])
    func aLostAnswerIsNoFailure(_ error: TransportError, _ expected: String) async {
        let transport = ScriptedTransport { _ in .failure(error) }
        #expect(await http(transport).run(work, call(.http(work))).name == expected)
    }

    @Test(arguments: [
        (200, #"{"env":{"a/b":{"on":false}}}"#, "proved"), (200, #"{"env":{"a/b":{"on":true}}}"#, "notProved"),
        (200, #"{"env":{"a/b":{"on":"false"}}}"#, "proved"), (200, #"{"env":{}}"#, "notProved"),
        (200, #"{"env":{"a/b":{"on":0}}}"#, "notProved"), (200, "no JSON", "unreadable"), (200, "", "unreadable"),
        (404, "{}", "unreadable"), (500, "{}", "unreadable"),
    ])
    func theProofReadsOneValue(_ status: Int, _ body: String, _ expected: String) async {
        var work = work
        work.proof = HTTPProof(
            request: StepRequest(method: "GET", url: "http://flags/state"), pointer: "/env/a~1b/on", equals: "false")
        let transport = ScriptedTransport { _ in ScriptedTransport.status(status, body) }
        let answer = await http(transport).check(work, call(.http(work)))
        #expect(answer.name == expected, "\(answer)")
        #expect(transport.requests[0].method == "GET" && transport.requests[0].security == work.request.security)
    }

    @Test func theProofMayBeAText() async {
        var work = work
        work.proof = HTTPProof(request: StepRequest(method: "GET", url: "http://a/"), contains: "drained")
        for (body, expected) in [("is drained", "proved"), ("is draining", "notProved")] {
            let transport = ScriptedTransport { _ in ScriptedTransport.status(200, body) }
            #expect(await http(transport).check(work, call(.http(work))).name == expected)
        }
    }

    @Test func noPasswordIsShown() {
        var work = work
        work.request.url = "http://ann:s3cret@flags/x?token=t0ken"
        let shown = http(ScriptedTransport { _ in .failure(.closed) }).plan(work)
        #expect(
            !shown.contains("s3cret") && !shown.contains("t0ken") && shown.contains("(with credentials)"), "\(shown)")
    }

    private let work = HTTPWork(
        request: StepRequest(
            url: "http://cache/purge", body: "{}",
            security: ClientSecurity(authorization: .bearer(.environment("TOKEN")))))
}

@Suite("Steps that set a flag")
struct FlagStepTests {
    private let folder = TestFolder()

    @Test(arguments: [
        (
            FlagWork.Provider.unleash, "POST",
            "http://f/api/admin/projects/default/features/new%20one/environments/prod/off",
            ""
        ),
        (
            .launchdarkly, "PATCH", "http://f/api/v2/flags/default/new%20one",
            #"{"comment":"rollback by Rollguard","environmentKey":"prod","instructions":[{"kind":"turnFlagOff"}]}"#
        ),
        (
            .growthbook, "POST", "http://f/api/v2/features/new%20one/toggle",
            #"{"environments":{"prod":false},"reason":"rollback by Rollguard"}"#
        ),
    ])
    func theServicesAreCalledByTheirAPI(
        _ provider: FlagWork.Provider, _ method: String, _ url: String, _ body: String
    ) async {
        let transport = ScriptedTransport { _ in ScriptedTransport.status(200) }
        let work = work(provider)
        #expect(await flag(transport).run(work, call(.flag(work))).name == "done")
        // What the service has before is read first.
        #expect(transport.requests.map(\.method) == ["GET", method])
        let request = transport.requests[1]
        #expect(request.url == url)
        #expect(String(decoding: request.body ?? [], as: UTF8.self) == body)
    }

    @Test(arguments: [
        (FlagWork.Provider.unleash, #"{"enabled":false}"#, #"{"enabled":true}"#),
        (.launchdarkly, #"{"environments":{"prod":{"on":false}}}"#, #"{"environments":{"prod":{"on":true}}}"#),
        (
            .growthbook, #"{"feature":{"environments":{"prod":{"enabled":false}}}}"#,
            #"{"feature":{"environments":{"prod":{"enabled":true}}}}"#
        ),
    ])
    func theServicesAreReadBack(_ provider: FlagWork.Provider, _ off: String, _ on: String) async {
        let work = work(provider)
        for (body, expected) in [(off, "proved"), (on, "notProved"), ("{}", "notProved"), ("<html>", "unreadable")] {
            let transport = ScriptedTransport { _ in ScriptedTransport.status(200, body) }
            let answer = await flag(transport).check(work, call(.flag(work)))
            #expect(answer.name == expected, "\(provider) \(body): \(answer)")
        }
    }

    @Test func everyApplicationIsAsked() async {
        var work = work(.unleash)
        work.evaluations = ["http://a:8016", "http://b:8016"]
        let transport = ScriptedTransport { request in
            let variant = request.url.hasPrefix("http://b") ? "on" : "off"
            return ScriptedTransport.status(200, #"{"key":"new one","value":false,"variant":"\#(variant)"}"#)
        }
        let answer = await flag(transport).check(work, call(.flag(work)))
        #expect(answer == .notProved("http://b:8016 answers on, not off"))
        #expect(transport.requests.map(\.url)[0] == "http://a:8016/ofrep/v1/evaluate/flags/new%20one")
    }

    @Test func aFileOfFlagdGetsTheVariantAndLosesItsTargeting() async throws {
        let path = try folder.write(
            "flags.json",
            #"{"$schema":"https://flagd.dev/schema/v0/flags.json","flags":{"new":{"state":"ENABLED","defaultVariant":"on","#
                + #""variants":{"on":true,"off":false},"targeting":{"if":[true,"on"]}},"other":{"defaultVariant":"x"}}}"#
        )
        chmod(path, 0o644)
        let work = FlagWork(flag: "new", file: path)
        let driver = flag(ScriptedTransport { _ in .failure(.closed) })
        #expect(await driver.check(work, call(.flag(work))).name == "notProved")
        #expect(await driver.run(work, call(.flag(work))).name == "done")
        #expect(await driver.check(work, call(.flag(work))).name == "proved")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(!text.contains("targeting") && text.contains(#""$schema" : "https://flagd.dev/schema/v0/flags.json""#))
        let facts = try FileManager.default.attributesOfItem(atPath: path)
        #expect(facts[.posixPermissions] as? Int == 0o644)
    }

    @Test(arguments: [
        (#"{"flags":{}}"#, "refused", "no flag 'new'"),
        (#"{"flags":{"new":{"variants":{"on":true}}}}"#, "refused", "no variant 'off'"),
        ("[]", "refused", "not a JSON object"),
        ("{", "refused", "not a JSON object"),
    ])
    func aFileThatDoesNotFitIsLeftAlone(_ text: String, _ expected: String, _ reason: String) async throws {
        let path = try folder.write("bad.json", text)
        let work = FlagWork(flag: "new", file: path)
        let answer = await flag(ScriptedTransport { _ in .failure(.closed) }).run(work, call(.flag(work)))
        #expect(answer.name == expected && answer.text.contains(reason), "\(answer)")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    /// `DISABLED` makes applications take the value in their code, which may be another one.
    @Test func aDisabledFlagIsNoProof() async throws {
        let path = try folder.write(
            "flags.json", #"{"flags":{"new":{"state":"DISABLED","defaultVariant":"off","variants":{"off":false}}}}"#)
        let work = FlagWork(flag: "new", file: path)
        let answer = await flag(ScriptedTransport { _ in .failure(.closed) }).check(work, call(.flag(work)))
        #expect(answer.name == "notProved" && answer.text.contains("value in their code"))
    }

    private func work(_ provider: FlagWork.Provider) -> FlagWork {
        FlagWork(
            provider: provider, flag: "new one", url: "http://f", project: "default", environment: "prod",
            security: ClientSecurity(authorization: .header(name: "Authorization", value: .environment("T"))))
    }
}

private func http(_ transport: ScriptedTransport) -> HTTPStepDriver {
    HTTPStepDriver(calls: StepRequests(transport: transport))
}

private func flag(_ transport: ScriptedTransport) -> FlagStepDriver {
    FlagStepDriver(calls: StepRequests(transport: transport))
}

private func call(_ work: ProcedureWork) -> StepCall {
    StepCall(
        release: "checkout", incident: "checkout-17", number: 1, step: ProcedureStep(name: "cache", work: work),
        attempt: 1,
        baselineVersion: "v1", canaryVersion: "v2")
}

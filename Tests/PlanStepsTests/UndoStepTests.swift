import Foundation
import Model
import Ports
import Testing

@testable import PlanSteps

/// What the undo of a step rests on: the value before it, and the program that takes its effect back.
@Suite("Steps that can be undone")
struct UndoStepTests {
    private let folder = TestFolder()

    @Test(arguments: [
        (#"{"flags":{"new":{"defaultVariant":"blue","variants":{"blue":1,"on":2}}}}"#, StepAnswer.value("blue"), ""),
        (#"{"flags":{"new":{"defaultVariant":"off","targeting":{}}}}"#, .value("off"), ""),
        (
            #"{"flags":{"new":{"defaultVariant":"off","targeting":{"if":[true,"on"]}}}}"#, .unreadable(""),
            "has targeting"
        ),
        (#"{"flags":{"other":{"defaultVariant":"off"}}}"#, .unreadable(""), "no default variant of 'new'"),
        ("[]", .unreadable(""), "JSON"),
    ])
    func theVariantOfAFileIsRead(_ text: String, _ expected: StepAnswer, _ reason: String) async throws {
        let path = try folder.write("flags.json", text)
        let answer = await drivers { _ in .failure(.closed) }.check(
            call(.flag(FlagWork(flag: "new", variant: "on", file: path)), wantsValue: true))
        #expect(
            answer.name == expected.name && answer.text.contains(reason.isEmpty ? expected.text : reason), "\(answer)")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text, "reading changes nothing")
    }

    @Test(arguments: [
        (FlagWork.Provider.unleash, #"{"enabled":true}"#, StepAnswer.value("on")),
        (.launchdarkly, #"{"environments":{"prod":{"on":false}}}"#, .value("off")),
        (.growthbook, #"{"feature":{"environments":{"prod":{"enabled":true}}}}"#, .value("on")),
        (.unleash, "{}", .unreadable("")), (.unleash, "<html>", .unreadable("")),
        (.unleash, #"{"enabled":"maybe"}"#, .unreadable("")),
    ])
    func thePositionOfASwitchIsRead(_ provider: FlagWork.Provider, _ body: String, _ expected: StepAnswer) async {
        let work = FlagWork(provider: provider, flag: "new", url: "http://f", project: "p", environment: "prod")
        let answer = await drivers { request in
            ScriptedTransport.status(request.method == "GET" ? 200 : 500, body)
        }.check(call(.flag(work), wantsValue: true))
        #expect(answer.name == expected.name, "\(answer)")
        if case .value = expected { #expect(answer == expected) }
    }

    @Test func otherKindsChangeNoValue() async {
        let answer = await drivers { _ in .failure(.closed) }.check(
            call(.exec(ExecWork(command: ["/bin/true"])), wantsValue: true))
        #expect(answer.name == "unreadable")
    }

    /// A program knows on which road it is, and whether it undoes.
    @Test(arguments: [
        ([ProcedureRoad.begin], false, "begin run"), ([.watch], false, "watch run"),
        ([.rollback], true, "rollback undo"),
    ])
    func aProgramKnowsItsRoad(_ roads: [ProcedureRoad], _ isUndo: Bool, _ expected: String) async throws {
        let work = ExecWork(command: try folder.script("echo \"$ROLLGUARD_WHEN $ROLLGUARD_MODE\""))
        var call = call(.exec(work))
        call.step.when = roads
        if isUndo { call.step.undoing = UndoRecord(of: "warm") }
        let answer = await drivers { _ in .failure(.closed) }.run(call)
        #expect(answer.name == "done" && answer.text.contains(expected), "\(answer)")
    }

    private func drivers(
        _ answer: @escaping @Sendable (HTTPRequest) -> Result<HTTPResponse, TransportError>
    ) -> StepDrivers {
        StepDrivers(StepSetup(transport: ScriptedTransport(answer), directory: nil))
    }

    private func call(_ work: ProcedureWork, wantsValue: Bool = false) -> StepCall {
        var call = StepCall(
            release: "checkout", incident: "checkout-r17", number: 1, step: ProcedureStep(name: "step", work: work),
            attempt: 1, baselineVersion: "v1", canaryVersion: "v2")
        call.wantsValue = wantsValue
        return call
    }
}

public import Model

/// Carries out the steps of plans; one for each kind of step.
///
/// What callers may rely on:
/// - ``run(_:)`` returns within ``ProcedureStep/callLimitMs``, and nothing that it started is left then, but for programs that
///   left their process group.
/// - ``check(_:)`` and ``plan(_:)`` change nothing.
/// - No text that comes out holds a secret.
public protocol StepDriver: Sendable {
    /// The exact call that ``run(_:)`` would make, in one line.
    func plan(_ call: StepCall) -> String
    /// Does the work: `done`, `failed`, `refused` or `unknown`.
    func run(_ call: StepCall) async -> StepAnswer
    /// Reads whether it took effect: `proved`, `notProved` or `unreadable`. Of a step without a proof `unreadable`.
    func check(_ call: StepCall) async -> StepAnswer
    /// Reads what is applied to a release's database; returns within the gate's `timeoutMs` and the time in which a program is
    /// ended.
    func readSchema(_ gate: SchemaGate, release: String) async -> SchemaReport
}

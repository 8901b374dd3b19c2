/// What a step of a plan would do if the release were rolled back now.
public struct StepPreview: Sendable, Equatable {
    public var step: ProcedureStep
    /// The exact call, secrets masked.
    public var call: String
    /// What its proof shows now; nil for a step without one.
    public var finding: StepAnswer?
    /// What the step's guard says now; nil for a step without one.
    public var condition: String?
    /// What would take its effect back; nil without an undo.
    public var undo: String?

    public init(step: ProcedureStep, call: String, finding: StepAnswer?) {
        self.step = step
        self.call = call
        self.finding = finding
    }
}

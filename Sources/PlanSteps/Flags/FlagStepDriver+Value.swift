import Model

/// The value that a flag has before a step changes it, so that the change can be undone.
extension FlagStepDriver {
    func value(_ work: FlagWork, _ call: StepCall) async -> StepAnswer {
        switch await reading(work, call) {
        case .value(let value, isWhole: true, _): .value(value)
        case .value(_, isWhole: false, let shown):
            .unreadable(
                "\(work.flag) has targeting, or other rules, in \(shown), which the step would remove and could not set again"
            )
        case .absent(let text), .unreadable(let text): .unreadable(text)
        }
    }
}

import Declarations
import Model

/// What the guards of a plan's steps say of each other: a guard waits for nothing, so the step that it names has to be over before.
enum StepOrderCheck {
    /// - Returns: false after reporting the first guard that cannot be answered.
    static func isSound(_ written: [ProcedureStep], _ field: Field) -> Bool {
        for steps in ProcedurePlan(steps: written).runs {
            for (place, step) in steps.enumerated() {
                guard case .step(let name, _)? = step.condition else { continue }
                guard let problem = problem(name, steps, at: place) else { continue }
                field.fail("the guard of step \(Quote.name(step.name)) \(problem)")
                return false
            }
        }
        return true
    }

    private static func problem(_ name: String, _ steps: [ProcedureStep], at place: Int) -> String? {
        guard let named = steps.firstIndex(where: { $0.name == name }) else {
            let known = steps.map(\.name).filter { $0 != steps[place].name }
            return "names a step that is not there, \(Quote.name(name))" + Quote.suggestion(for: name, among: known)
        }
        if named >= place { return "needs a step that runs before it; \(Quote.name(name)) does not" }
        if ProcedurePlan.group(of: place, in: steps).contains(named) {
            return "needs a step that is over before it; \(Quote.name(name)) runs together with it"
        }
        return nil
    }
}

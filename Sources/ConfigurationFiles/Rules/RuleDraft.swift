import Declarations
import Model

/// A rule that has been read, with the places that checks against its release need.
struct RuleDraft {
    var plan: RulePlan
    let namePlace: Place
    let indicatorPlace: Place
    let windowPlace: Place
    let actionPlace: Place
    /// An indicator that the release has to define; nil for a built-in one.
    var named: NamedIndicator?

    var name: String { Quote.name(plan.name) }
}

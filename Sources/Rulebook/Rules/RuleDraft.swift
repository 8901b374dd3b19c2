import ReleaseKernel

/// A rule that has been read, with the places that checks against its release need.
struct RuleDraft {
    let plan: RulePlan
    let namePlace: Place
    let indicatorPlace: Place
    let windowPlace: Place
    let actionPlace: Place

    var name: String { Quote.name(plan.name) }
}

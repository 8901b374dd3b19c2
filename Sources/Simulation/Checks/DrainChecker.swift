import ReleaseKernel

/// A rollback sets no share but zero, unless it goes in steps; and a step only takes: at the last look every instance that
/// tells the truth gave the canary as much or more.
struct DrainChecker {
    private var looks: [RouterCall?]

    init(releases: Int) { looks = Array(repeating: nil, count: releases) }

    mutating func looked(_ call: RouterCall) { looks[call.release] = call }

    func applies(release: Int, split: Split, plan: ReleasePlan?) -> String? {
        guard split != .allBaseline else { return nil }
        let wanted = split.canaryBasisPoints
        guard plan?.drain != nil else { return "\(wanted) bp are set, and the release has no steps" }
        guard let look = looks[release] else { return "\(wanted) bp are set without a look" }
        for instance in look.truth.indices where !look.lies[instance] {
            guard let share = look.truth[instance] else {
                return "\(wanted) bp are set, and instance \(instance) was not reached before"
            }
            if share < wanted { return "\(wanted) bp are set, and instance \(instance) gave the canary \(share)" }
        }
        return nil
    }
}

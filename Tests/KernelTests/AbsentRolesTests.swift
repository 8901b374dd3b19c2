import Model
import Testing

@testable import Kernel

/// A release that comes back into the plan has the roles that it left with, before the kernel has it: routers are aimed by that.
struct AbsentRolesTests {
    private static let now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000)

    @Test func aReleaseComesBackWithItsRoles() {
        var plan = Plan.example()
        plan.releases[0].rollout = RolloutPlan(steps: [StepPlan(basisPoints: 10_000)])
        var record = plan.releases[0].configuredDeployment
        record.isTurned = true
        var none = plan
        none.releases = []
        let entry = JournalEntry(
            sequence: 1, wallMs: 0, release: plan.releases[0].name, incident: nil, event: .deployment(record))
        // Known from the journal alone, then by this process.
        var kernel = Kernel(plan: none, replaying: [entry], journalIdentity: "test", seed: 7, at: Self.now)
        for _ in 0..<2 {
            #expect(kernel.effective(plan).releases[0].isTurned)
            _ = kernel.step(.reload(plan), at: Self.now)
            #expect(kernel.effectivePlan.releases[0].isTurned)
            _ = kernel.step(.reload(none), at: Self.now)
        }
    }
}

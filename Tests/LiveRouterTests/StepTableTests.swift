import Foundation
import Testing

/// A canary in steps on real routers; `make test-routers` prints what was counted as a table.
@Suite("Steps on real routers", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct StepTableTests {
    @Test(.timeLimit(.minutes(15)), arguments: LiveRouter.inSteps)
    func aCanaryIsLedUpAndTheRolesAreTurned(_ router: LiveRouter) async throws {
        try #require(router.pageProblems.isEmpty, "\(router.pageProblems)")
        guard router.missing.isEmpty else {
            RouterTable.addSteps([
                router.name, router.variant, "not installed: \(router.missing.joined(separator: ", "))",
            ])
            try Test.cancel("not installed: \(router.missing.joined(separator: ", ")); see scripts/setup.sh")
        }
        try await FewAtOnce.shared.run { RouterTable.addSteps(try await StepRun.perform(router).cells) }
    }
}

import Foundation
import Testing

/// One rollback on every real router, by the real daemon; `make test-routers` prints what they measure as a table.
@Suite("Real routers", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct RollbackTableTests {
    @Test(.timeLimit(.minutes(15)), arguments: LiveRouter.all)
    func aRollbackEndsAtNothingForTheCanary(_ router: LiveRouter) async throws {
        try #require(router.pageProblems.isEmpty, "\(router.pageProblems)")
        guard router.missing.isEmpty else {
            RouterTable.addMissing(router)
            try Test.cancel("not installed: \(router.missing.joined(separator: ", ")); see scripts/setup.sh")
        }
        try await FewAtOnce.shared.run {
            let row = try await RollbackRun.perform(router)
            RouterTable.add(row)
        }
    }
}

/// Each run has half a dozen processes under load; too many at once would measure each other.
actor FewAtOnce {
    static let shared = FewAtOnce(limit: 2)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(limit: Int) { free = limit }

    func run(_ work: @Sendable () async throws -> Void) async throws {
        await enter()
        do { try await work() } catch {
            leave()
            throw error
        }
        leave()
    }

    private func enter() async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

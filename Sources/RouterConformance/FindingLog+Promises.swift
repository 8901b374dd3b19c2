import Model

/// Facts that need a router that is well.
extension FindingLog {
    mutating func absolute() async throws {
        for share in bench.shares {
            let first = await apply(share)
            expect(first.allSatisfy { $0.outcome == .accepted }, "setting \(share): \(first)")
            let seen = await observe()
            expect(seen.allSatisfy { $0.canaryBasisPoints == share }, "read back after setting \(share): \(seen)")
            let held = try await held()
            expect(held.allSatisfy { $0 == share }, "the router holds \(held) after setting \(share)")
            let second = await apply(share)
            expect(second == first, "setting \(share) again: \(second)")
            let again = try await self.held()
            expect(again == held, "the router holds \(again) after setting \(share) twice")
        }
    }

    /// Up and down again: a step back is as exact as a step.
    mutating func steps() async throws {
        guard driver.capabilities.readBack != .none else { return lacks("a read-back") }
        guard driver.capabilities.sets == .anyShare else { return lacks("any share but nothing") }
        for share in [0, 100, 500, 1_000, 2_500, 5_000, 10_000, 5_000, 100, 0] {
            await set(all: share)
            let seen = await observe()
            let isInPlace = seen.allSatisfy { observation in
                observation.canaryBasisPoints.map { driver.capabilities.isInPlace($0, wanted: share) } ?? false
            }
            expect(isInPlace, "read back after setting \(share): \(seen)")
            let held = try await held()
            expect(
                held.allSatisfy { driver.capabilities.isInPlace($0, wanted: share) },
                "the router holds \(held) after setting \(share)")
        }
    }

    mutating func honest() async throws {
        guard let tamper = bench.tamper else { return lacks("a second way to change the split") }
        guard driver.capabilities.readBack != .none else { return lacks("a read-back") }
        await set(all: 0)
        for instance in instances {
            try await tamper(instance, someShare)
            let seen = await observe()
            for (index, observation) in seen.enumerated() {
                let wanted = index == instance ? someShare : 0
                expect(
                    observation.canaryBasisPoints == wanted,
                    "instance \(instance) was set to \(someShare) by another client; \(index) is read as \(observation)"
                )
                expect(observation.level == driver.capabilities.readBack, "not the level that was promised: \(seen)")
            }
            try await tamper(instance, 0)
        }
    }

    mutating func order() async {
        let names = driver.instances
        expect(!names.isEmpty && Set(names).count == names.count, "the instances' names: \(names)")
        let receipts = await apply(0)
        expect(receipts.map(\.instance) == names, "receipts of \(receipts.map(\.instance))")
        let seen = await observe()
        expect(seen.map(\.instance) == names, "observations of \(seen.map(\.instance))")
        var order: [String] = []
        for call in driver.plan(.allBaseline) where order.last != call.instance { order.append(call.instance) }
        expect(order == names, "planned calls of \(order)")
        expect((1...10_000).contains(driver.capabilities.granularityBasisPoints), "granularity")
    }

    mutating func planning() async throws {
        await set(all: 0)
        let before = try await held()
        let rollback = driver.plan(.allBaseline)
        expect(rollback == driver.plan(.allBaseline), "two plans of the same split differ")
        expect(rollback.allSatisfy { !$0.call.isEmpty && !$0.call.contains("\n") }, "calls: \(rollback)")
        expect(rollback != driver.plan(Split(canaryBasisPoints: someShare)), "the calls do not show the split")
        let after = try await held()
        expect(before == after, "planning changed the router from \(before) to \(after)")
    }

    mutating func noTime() async {
        for timeoutMs: Int64 in [-1, 0, 1] {
            let receipts = await driver.apply(.allBaseline, timeoutMs: timeoutMs)
            expect(receipts.map(\.instance) == driver.instances, "apply within \(timeoutMs) ms: \(receipts)")
            let seen = await driver.observe(timeoutMs: timeoutMs)
            expect(seen.map(\.instance) == driver.instances, "observe within \(timeoutMs) ms: \(seen)")
        }
    }

    mutating func neverNothing() async throws {
        guard let history = bench.history else { return lacks("a record of the weights") }
        for share in bench.shares + [10_000, 0] {
            await set(all: share)
            let nothing = await history().filter { $0.baseline + $0.canary <= 0 }
            expect(nothing.isEmpty, "on the way to \(share) both pools had nothing")
        }
    }

    mutating func restart() async throws {
        guard let restart = bench.restart else { return lacks("a restart") }
        for instance in instances {
            await set(all: 0)
            try await restart(instance)
            let seen = await observe()
            expect(
                seen[instance].canaryBasisPoints == bench.shippedBasisPoints,
                "after the restart of \(instance): \(seen[instance])")
            for other in instances where other != instance {
                expect(seen[other].canaryBasisPoints == 0, "the others after a restart: \(seen)")
            }
            await set(all: 0)
            let held = try await held()
            expect(held.allSatisfy { $0 == 0 }, "set again after the restart: \(held)")
        }
    }
}

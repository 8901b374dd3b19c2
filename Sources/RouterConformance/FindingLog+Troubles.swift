/// Facts that need a router that is not well, or that is spoken to in the wrong way.
extension FindingLog {
    mutating func wrongNames() async throws {
        guard !bench.misnamed.isEmpty else { return lacks("a driver with a wrong name") }
        try await whileTheCanaryHasAShare { log, share in
            for wrong in log.bench.misnamed {
                let receipts = await log.apply(0, wrong)
                let seen = await log.observe(wrong)
                let appearsDone =
                    receipts.allSatisfy { $0.outcome == .accepted }
                    && seen.allSatisfy { $0.canaryBasisPoints == 0 }
                log.expect(!appearsDone, "a wrong name looks like a rollback: \(receipts), \(seen)")
                let held = try await log.held()
                // What is named rightly may have been set; the canary must not have more.
                log.expect(held.allSatisfy { $0 <= share && $0 > 0 }, "a wrong name moved the canary: \(held)")
            }
        }
    }

    mutating func wrongCredentials() async throws {
        guard !bench.unauthorized.isEmpty else { return lacks("a driver without rights") }
        try await whileTheCanaryHasAShare { log, share in
            for wrong in log.bench.unauthorized {
                let receipts = await log.apply(0, wrong)
                log.expect(
                    receipts.allSatisfy { $0.outcome == .rejected && !$0.detail.isEmpty }, "without rights: \(receipts)"
                )
                let held = try await log.held()
                log.expect(held.allSatisfy { $0 == share }, "a client without rights changed the router: \(held)")
            }
        }
    }

    private mutating func whileTheCanaryHasAShare(
        _ work: (inout FindingLog, Int) async throws -> Void
    ) async throws {
        await set(all: someShare)
        try await work(&self, someShare)
        await set(all: 0)
    }

    mutating func lostInstance() async throws {
        guard instances.count > 1 else { return lacks("a second instance") }
        for lost in instances {
            await set(all: someShare)
            guard try await set(.refused, on: lost) else { return }
            let receipts = await apply(0)
            let seen = await observe()
            for index in instances {
                let outcome = receipts[index].outcome
                if index == lost {
                    expect(outcome == .unreachable || outcome == .unknown, "a lost instance: \(receipts[index])")
                    expect(seen[index].canaryBasisPoints == nil, "a lost instance is read as \(seen[index])")
                    expect(
                        seen[index].problem?.isEmpty == false, "a lost instance without a problem text: \(seen[index])")
                } else {
                    expect(outcome == .accepted, "beside a lost instance: \(receipts[index])")
                    expect(seen[index].canaryBasisPoints == 0, "beside a lost instance: \(seen[index])")
                }
            }
            _ = try await set(.well, on: lost)
            let back = await observe()
            expect(back[lost].canaryBasisPoints == someShare, "when it is back: \(back[lost])")
            await set(all: 0)
        }
    }

    /// Long enough for the others on a busy machine, short enough to wait for in a test.
    private static let hangLimitMs: Int64 = 4_000

    mutating func hangingInstance() async throws {
        await set(all: someShare)
        let last = instances.count - 1
        guard try await set(.hangs, on: last) else { return }
        let receipts = await driver.apply(.allBaseline, timeoutMs: min(bench.timeoutMs, FindingLog.hangLimitMs))
        expect(
            [.unknown, .unreachable].contains(receipts[last].outcome), "an instance that hangs: \(receipts[last])")
        expect(receipts.dropLast().allSatisfy { $0.outcome == .accepted }, "beside one that hangs: \(receipts)")
        let seen = await driver.observe(timeoutMs: min(bench.timeoutMs, FindingLog.hangLimitMs))
        expect(seen[last].canaryBasisPoints == nil && seen[last].problem != nil, "one that hangs: \(seen[last])")
        _ = try await set(.well, on: last)
    }

    mutating func lostAnswer() async throws {
        await set(all: someShare)
        guard try await set(.losesAnswers, on: 0) else { return }
        let receipt = await apply(0)[0]
        expect(receipt.outcome == .unknown && !receipt.detail.isEmpty, "a lost answer: \(receipt)")
        _ = try await set(.well, on: 0)
        let held = try await bench.held(0)
        let seen = await observe()[0]
        expect(seen.canaryBasisPoints == held, "after a lost answer the router holds \(held), read as \(seen)")
    }

    mutating func refusals() async throws {
        for mood in [RouterMood.declines, .fails] where bench.moods.contains(mood) {
            await set(all: someShare)
            guard try await set(mood, on: 0) else { return }
            let receipt = await apply(0)[0]
            expect(receipt.outcome != .accepted && !receipt.detail.isEmpty, "\(mood): \(receipt)")
            if mood == .declines { expect(receipt.outcome == .rejected, "\(mood): \(receipt)") }
            let seen = await observe()[0]
            expect(seen.canaryBasisPoints != 0, "\(mood): read as \(seen)")
            _ = try await set(.well, on: 0)
        }
        if !bench.moods.contains(.declines), !bench.moods.contains(.fails) { lacks("a router that declines or fails") }
    }

    mutating func rubbish() async throws {
        await set(all: someShare)
        guard try await set(.rubbish, on: 0) else { return }
        let seen = await observe()[0]
        expect(seen.canaryBasisPoints == nil && seen.problem?.isEmpty == false, "rubbish is read as \(seen)")
        expect((seen.problem ?? "").utf8.count <= 2_000, "the problem's text is not bounded")
        _ = await apply(0)
        _ = try await set(.well, on: 0)
    }

    mutating func lie() async throws {
        await set(all: someShare)
        guard try await set(.lies, on: 0) else { return }
        _ = await apply(0)
        let seen = await observe()[0]
        expect(seen.canaryBasisPoints != 0, "a router that says yes and does nothing is read as \(seen)")
        _ = try await set(.well, on: 0)
    }

    mutating func stale() async throws {
        await set(all: someShare)
        // What will be shown again.
        _ = await observe()
        guard try await set(.stale, on: 0) else { return }
        _ = await apply(0)
        let seen = await observe()[0]
        expect(seen.canaryBasisPoints == someShare, "the router still shows \(someShare), read as \(seen)")
        _ = try await set(.well, on: 0)
    }

    mutating func conflict() async throws {
        await set(all: someShare)
        guard try await set(.contested, on: 0) else { return }
        let receipt = await apply(0)[0]
        expect([.accepted, .conflict].contains(receipt.outcome), "a contested rollback: \(receipt)")
        let held = try await bench.held(0)
        if receipt.outcome == .accepted { expect(held == 0, "accepted, but the router holds \(held)") }
        let promotion = await apply(someShare)[0]
        expect([.accepted, .conflict].contains(promotion.outcome), "a contested share: \(promotion)")
        _ = try await set(.well, on: 0)
        await set(all: 0)
    }

    mutating func deadBaseline() async throws {
        await set(all: someShare)
        guard try await set(.baselineDown, on: 0) else { return }
        let seen = await observe()[0]
        expect(seen.baselineHealthy == false, "no healthy server in the baseline, read as \(seen)")
        _ = try await set(.well, on: 0)
    }

    mutating func secrets() async throws {
        guard !bench.secrets.isEmpty else { return lacks("a secret") }
        for mood in [.well] + bench.moods {
            if mood != .well { guard try await set(mood, on: 0) else { return } }
            for one in [driver] + bench.unauthorized {
                let limitMs = min(bench.timeoutMs, FindingLog.hangLimitMs)
                let receipts = await one.apply(.allBaseline, timeoutMs: limitMs)
                let seen = await one.observe(timeoutMs: limitMs)
                let texts =
                    receipts.map(\.detail) + seen.compactMap(\.problem) + seen.compactMap(\.revision)
                    + one.instances + one.plan(.allBaseline).map(\.call)
                for secret in bench.secrets {
                    expect(!texts.contains { $0.contains(secret) }, "\(mood): a secret in \(texts)")
                }
            }
            _ = try await set(.well, on: 0)
        }
    }
}

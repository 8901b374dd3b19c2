import Testing

@testable import DemoWorld

@Suite("Outages that all services share")
struct OutageScheduleTests {
    private static func changes(seed: UInt64) -> [OutageSchedule.Change] {
        Array(OutageSchedule(usual: .none, outage: .errors(share: 0.5), seed: seed).prefix(40))
    }

    @Test func outagesAndPausesTakeTurns() {
        for (index, change) in Self.changes(seed: 7).enumerated() {
            let isOutage = index.isMultiple(of: 2)
            #expect(change.fault == (isOutage ? .errors(share: 0.5) : DemoFault.none))
            #expect((isOutage ? 1_000...5_000 : 2_000...6_000).contains(change.forMs))
        }
    }

    @Test func theSeedDecides() {
        #expect(Self.changes(seed: 7) == Self.changes(seed: 7))
        #expect(Self.changes(seed: 7) != Self.changes(seed: 8))
    }
}

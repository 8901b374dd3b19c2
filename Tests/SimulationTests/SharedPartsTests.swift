import Leases
import Testing

@testable import Simulation

/// What several daemons of a world share, and the clocks of their machines.
@Suite("The parts of a world with replicas")
struct SharedPartsTests {
    @Test func clockRestsWithItsMachine() {
        var clock = MachineClock()
        #expect(clock.localMs(atMs: 5_000) == 5_000)
        clock.stop(fromMs: 5_000, untilMs: 65_000)
        #expect(clock.localMs(atMs: 60_000) == 5_000)
        #expect(clock.localMs(atMs: 66_000) == 6_000)
        #expect(clock.resumedMs == 65_000)
    }

    @Test(arguments: [Int64(-2_000), -50, 0, 50, 2_000])
    func sleepEndsNotBeforeItsTime(_ ppm: Int64) {
        var clock = MachineClock()
        clock.ppm = ppm
        for ms in [Int64(1), 499, 10_000, 86_400_000] {
            let worldMs = clock.worldMs(of: ms)
            #expect(clock.localMs(atMs: worldMs) >= ms)
            #expect(clock.localMs(atMs: worldMs - 2) < ms)
        }
    }

    @Test func leadEndsWithItsSessionAndIsFenced() throws {
        let records = LeaseRecords()
        let (first, second) = (
            records.open(name: "rg-1", status: [], untilMs: 1_000),
            records.open(name: "rg-2", status: [], untilMs: 9_000)
        )
        let token = try #require(records.lead("leader", first))
        #expect(records.lead("leader", second) == nil)
        let hold = LeaseHold(session: first, token: token)
        #expect(records.write("handover/a", [1], leading: hold))
        records.advance(toMs: 1_000)
        #expect(records.leader == nil)
        #expect(!records.write("handover/a", [2], leading: hold))
        let next = try #require(records.lead("leader", second))
        #expect(next > token)
        #expect(!records.renew(first, status: [], untilMs: 9_000))
        #expect(records.document("handover/a") == [1])
    }

    @Test func backupBringsDocumentsBackAndNoSession() {
        let records = LeaseRecords()
        _ = records.write("sent", [1], leading: nil)
        let backup = records.backup
        let session = records.open(name: "rg-1", status: [], untilMs: 9_000)
        _ = records.write("sent", [2], leading: nil)
        let cursor = records.view(after: nil).cursor
        records.restore(backup)
        let view = records.view(after: cursor)
        #expect(view.documents.map(\.bytes) == [[1]])
        #expect(view.cursor < cursor)
        #expect(!records.renew(session, status: [], untilMs: 9_000))
        #expect(records.open(name: "rg-1", status: [], untilMs: 9_000) != session)
    }
}

import ReleaseKernel
import Testing

@testable import Daemon

@Suite("The pace of a cycle")
struct ScrapePaceTests {
    @Test(
        arguments: [
            (1, 5_000, 1, 500_000), (3, 5_000, 1, 166_666), (100, 1_000, 20, 20_000), (1_000, 1_000, 20, 4_000),
            (100, 15_000, 2, 20_000), (1_000, 60_000, 20, 20_000), (7, 100, 7, 10_000), (0, 1_000, 1, 100_000),
            (11, 1_000, 3, 25_000), (40, 50, 20, 4_000), (100_000, 100, 20, 9), (1, 0, 1, 1),
            (10_000, 5_000, 20, 4_000), (10_000, 1_000, 20, 900),
        ] as [(Int, Int64, Int, Int64)])
    func targetsStartInClumps(_ targets: Int, _ intervalMs: Int64, _ clump: Int, _ pauseUs: Int64) {
        let pace = ScrapePace(targets: targets, intervalMs: intervalMs, timeoutMs: intervalMs / 2)
        #expect(pace.clump == clump && pace.pauseUs == pauseUs)
        let last = Int64(max(0, targets - 1) / pace.clump) * pace.pauseUs
        #expect(last <= max(1, intervalMs / 2 * 1_000))
    }

    /// A target that is asked last and hangs must not make the cycle longer than the interval.
    @Test(arguments: [(2_000, 4_000), (4_000, 1_500), (4_500, 1_000), (5_000, 1_000)] as [(Int64, Int64)])
    func aLongTimeoutLeavesLessTime(_ timeoutMs: Int64, _ pauseUs: Int64) {
        #expect(ScrapePace(targets: 10_000, intervalMs: 5_000, timeoutMs: timeoutMs).pauseUs == pauseUs)
    }

    /// The plan's timeout, cut where the cycle ends; never less than a tenth of the interval.
    @Test(arguments: [(400, 0, 400), (400, 50, 400), (400, 200, 275), (500, 0, 475), (500, 50, 425), (500, 900, 50)])
    func aTimeoutEndsWithItsCycle(_ timeoutMs: Int64, _ askedAfterMs: Int64, _ expected: Int64) {
        let scrape = ScrapePlan(intervalMs: 500, timeoutMs: timeoutMs)
        #expect(ScrapePace.timeoutMs(scrape, askedAfterMs: askedAfterMs) == expected)
    }

    @Test(
        arguments: [
            ("bbbb", "c", "bbcbb"), ("bbb", "ccc", "bcbcbc"), ("b", "cccc", "ccbcc"), ("", "cc", "cc"),
            ("bb", "", "bb"), ("bbbbbb", "cc", "bbcbbbcb"), ("", "", ""),
        ])
    func bothPoolsAreMixed(_ baseline: String, _ canary: String, _ row: String) {
        #expect(String(ScrapePace.mixed(Array(baseline), Array(canary))) == row)
    }

    @Test func aMixedRowKeepsEachPoolsOrderAndIsEven() {
        for (many, few) in [(7, 3), (100, 9), (9, 100), (64, 64)] {
            let (baseline, canary) = (Array(0..<many), Array(1_000..<(1_000 + few)))
            let row = ScrapePace.mixed(baseline, canary)
            #expect(row.filter { $0 < 1_000 } == baseline && row.filter { $0 >= 1_000 } == canary)
            for length in 0...row.count {
                let due = Double(length * few) / Double(many + few)
                #expect(abs(Double(row.prefix(length).count { $0 >= 1_000 }) - due) <= 1)
            }
        }
    }
}

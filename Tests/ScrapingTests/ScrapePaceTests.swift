import Model
import Testing

@testable import Scraping

@Suite("The pace of a cycle")
struct ScrapePaceTests {
    @Test(
        arguments: [
            (1, 5_000, 1, 500_000), (3, 5_000, 3, 166_666), (100, 1_000, 5, 20_000), (1_000, 1_000, 51, 3_921),
            (100, 15_000, 49, 20_408), (1_000, 60_000, 51, 19_607), (7, 100, 1, 10_000), (0, 1_000, 1, 100_000),
            (11, 1_000, 3, 33_333), (40, 50, 3, 2_666), (100_000, 100, 5_001, 8), (1, 0, 1, 1),
            (10_000, 5_000, 501, 3_992), (10_000, 1_000, 501, 898), (2, 5_000, 1, 500_000),
        ] as [(Int, Int64, Int, Int64)])
    func targetsStartInBatches(_ targets: Int, _ intervalMs: Int64, _ batches: Int, _ pauseUs: Int64) {
        let pace = ScrapePace(targets: targets, intervalMs: intervalMs, timeoutMs: intervalMs / 2)
        #expect(pace.batches == batches && pace.pauseUs == pauseUs)
        #expect(Int64(batches - 1) * pace.pauseUs <= max(1, intervalMs / 2 * 1_000))
    }

    /// However many targets the pools have, both are asked at the same mean time, each target once and in its pool's order.
    @Test(arguments: [(100, 50), (1_000, 400), (5_000, 4_000), (60_000, 10_000)] as [(Int64, Int64)])
    func bothPoolsAreAskedAtTheSameMeanTime(_ intervalMs: Int64, _ timeoutMs: Int64) {
        let sizes = Array(1...24) + [39, 40, 41, 99, 100, 500, 997]
        for many in sizes {
            for few in sizes {
                let pace = ScrapePace(targets: many + few, intervalMs: intervalMs, timeoutMs: timeoutMs)
                let (baseline, canary) = (Array(0..<many), Array(1_000..<(1_000 + few)))
                let batches = pace.batches(baseline, canary)
                func sum(_ isWanted: (Int) -> Bool) -> Int {
                    batches.enumerated().reduce(0) { $0 + $1.offset * $1.element.count(where: isWanted) }
                }
                // Means compared as whole numbers: sum / many == sum / few.
                #expect(sum { $0 < 1_000 } * few == sum { $0 >= 1_000 } * many, "\(many) and \(few)")
                #expect(batches.joined().filter { $0 < 1_000 } == baseline)
                #expect(batches.joined().filter { $0 >= 1_000 } == canary)
                #expect((batches.map(\.count).max() ?? 0) <= 22)
            }
        }
    }

    /// A target that is asked last and hangs must not make the cycle longer than the interval.
    @Test(arguments: [(2_000, 3_992), (4_000, 1_497), (4_500, 998), (5_000, 998)] as [(Int64, Int64)])
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

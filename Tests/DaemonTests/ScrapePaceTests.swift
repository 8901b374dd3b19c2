import Testing

@testable import Daemon

@Suite("The pace of a cycle")
struct ScrapePaceTests {
    @Test(
        arguments: [
            (1, 5_000, 1, 500_000), (3, 5_000, 1, 166_666), (100, 1_000, 20, 20_000), (1_000, 1_000, 32, 3_125),
            (100, 15_000, 2, 20_000), (1_000, 60_000, 20, 20_000), (7, 100, 7, 10_000), (0, 1_000, 1, 100_000),
            (11, 1_000, 3, 25_000), (40, 50, 32, 2_500), (100_000, 100, 32, 3), (1, 0, 1, 1),
        ] as [(Int, Int64, Int, Int64)])
    func targetsStartInClumps(_ targets: Int, _ intervalMs: Int64, _ clump: Int, _ pauseUs: Int64) {
        let pace = ScrapePace(targets: targets, intervalMs: intervalMs)
        #expect(pace.clump == clump && pace.pauseUs == pauseUs)
        let last = Int64(max(0, targets - 1) / pace.clump) * pace.pauseUs
        #expect(last <= max(1, min(intervalMs / 10, 1_000) * 1_000))
    }
}

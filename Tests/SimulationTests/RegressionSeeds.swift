import Testing

@testable import Simulation

/// Seeds that found something, each with the name of what it was. The bug itself has a test in its own room, because a
/// seed means another life as soon as the world learns something new.
@Suite("Seeds that found something")
struct RegressionSeeds {
    @Test(
        arguments: [
            (367, "after a gap the first scrape counted as the present"),
            (5_206, "a wall clock that was set made a process new: errors of its whole life in one window"),
            (5_262, "a wall clock that was set made a process new: a sick baseline appeared fast"),
            (11_306, "a canary whose files the daemon had refused was held against it"),
            (612, "a worker that returned to its aggregator brought counts of its past"),
            (1_830, "a worker that returned brought more than three times the traffic"),
            (3_311, "what a repeated body had kept back counted as the present"),
            (19_253, "two scrapes that followed each other at once made a rate"),
            (8_276, "a target that moved to the baseline just before a rollback kept it open"),
            (11_946, "a target that was kept for a proof left the baseline without any"),
            (15_456, "a trouble of both versions was the canary's, whose scrapes covered more of it"),
            (777_002_285, "errors that came back after a restart of the daemon were those of one scrape"),
            (777_002_593, "the answer to a held step was lost in a crash, and no operator was asked again"),
        ] as [(UInt64, String)])
    func holds(_ seed: UInt64, _ what: String) {
        let report = Simulation.run(seed: seed)
        #expect(report.failure == nil, "\(what): \(report.summary)")
    }
}

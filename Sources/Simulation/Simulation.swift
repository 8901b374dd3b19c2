/// Runs the whole daemon in virtual time from a seed: the real kernel and the real scrape body reader, with everything
/// around them played, and broken, by a world that is drawn from the seed.
package enum Simulation {
    /// One run: faults, then a heal, then the time to converge. The same seed always takes the same way.
    ///
    /// - Parameters:
    ///   - seed: draws the world and everything that happens in it.
    ///   - trace: takes one line per step.
    ///   - bug: a bug to plant at the kernel's boundary, for the tests that prove the checkers.
    package static func run(
        seed: UInt64, planting bug: PlantedBug? = nil, trace: ((String) -> Void)? = nil
    ) -> SimulationReport {
        let world = VirtualWorld(seed: seed, planting: bug, trace: trace)
        world.run()
        return world.report
    }

    /// Whether the life of a seed is that of one daemon with files of its own, without other daemons and without a centre.
    package static func isAlone(seed: UInt64) -> Bool {
        var dice = Dice(seed: seed)
        let swarm = Swarm(dice: &dice)
        return swarm.replicas == 1 && !swarm.hasCentre
    }
}

/// How a run went.
package struct SimulationReport: Sendable {
    package var seed: UInt64
    /// Over the whole trace; equal for equal runs in every process and build.
    package var digest: UInt64
    package var virtualSeconds: Double
    /// The first check that failed, and what it saw; nil for a good run.
    package var failure: (check: String, detail: String)?
    /// Things that happened.
    package var steps: Int
    /// What the world was, and what came of it, in one line.
    package var summary: String
}

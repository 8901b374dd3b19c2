import Foundation
import Testing

/// `kill -9`, SIGSTOP and SIGCONT at drawn moments, on the real executable with real SQLite and real sockets. What must
/// never be is checked from outside: before each call that the router gets, before each webhook, and on what each dead
/// daemon leaves.
///
/// `ROLLGUARD_FAULT_KILLS` says how many daemons die (200), `ROLLGUARD_FAULT_SEED` what is drawn (1).
@Suite("A daemon that is hit at any moment", .enabled(if: Executable.path != nil, "the executable is not built"))
struct FaultTests {
    /// Worlds side by side: most of a cycle is waiting.
    private static let worlds = 4
    private static let kills = number("ROLLGUARD_FAULT_KILLS") ?? 200
    private static let seed = number("ROLLGUARD_FAULT_SEED") ?? 1

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test(arguments: 0..<worlds)
    func losesNothingAndDoesNothingTwice(_ index: Int) async throws {
        let seed = UInt64(Self.seed) &* 1_000 &+ UInt64(index)
        let world = try await FaultWorld.start(seed: seed)
        var life = FaultLife(world: world, seed: seed)
        let wanted = (Self.kills + Self.worlds - 1) / Self.worlds
        do { try await life.run(untilKills: wanted) } catch { Issue.record(error, "seed \(seed)") }
        await world.stop()
        let witness = world.senses.witness
        print(
            "faults, seed \(seed): \(life.kills) killed, \(life.stops) stopped, \(witness.entries) entries, "
                + "\(witness.acknowledged) acknowledged, \(witness.delivered) deliveries")
        #expect(
            witness.violations.isEmpty,
            "seed \(seed), after \(life.kills) kills:\n\(witness.violations.joined(separator: "\n"))\n\(witness.story)")
        #expect(life.kills >= wanted && witness.acknowledged > 0 && life.stops > 0, "seed \(seed)")
    }
}

import DemoWorld
import Foundation
import Testing

/// The real executable, killed with SIGKILL as soon as each journal entry is durable, then started again.
@Suite("A daemon that is killed", .serialized, .enabled(if: Executable.path != nil, "the executable is not built"))
struct KillTests {
    /// A rollback writes: began, alert firing + intended, applied, observed, proven, acknowledged + resolved + ended.
    @Test(arguments: [UInt64](1...8))
    func atAnyJournalEntryStillTakesTheCanaryOut(_ sequence: UInt64) async throws {
        let world = try await LiveWorld.start()
        await world.canary.setFault(.errors(share: 0.5))
        let arguments = ["run", "--config", world.configurationPath]
        let first = try Executable(
            arguments, folder: world.folder, environment: ["ROLLGUARD_TEST_DIE_AFTER": "\(sequence)"])
        let end = await first.end(withinSeconds: 25)
        #expect(end?.reason == .uncaughtSignal, "entry \(sequence): \(first.text)")
        let second = try Executable(arguments, folder: world.folder)
        let isReported = await eventually {
            let isOut = try await world.canaryBasisPoints() == 0
            return await world.deliveries()["rollback_acknowledged"] != nil && isOut
        }
        #expect(isReported, "entry \(sequence): \(first.text)\n\(second.text)")
        let deliveries = await world.deliveries()
        for (event, ids) in deliveries { #expect(ids.count == 1, "entry \(sequence): \(event) came as \(ids)") }
        await second.kill9()
        await world.stop()
    }
}

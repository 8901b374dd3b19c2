import DemoWorld
import Foundation
import Testing

/// The real executable: a backup that was taken while the daemon ran is restored into a new folder.
@Suite("Backup and restore", .serialized, .enabled(if: Executable.path != nil, "the executable is not built"))
struct RestoreTests {
    private static func run(_ arguments: [String], _ world: LiveWorld) async throws -> (status: Int32?, text: String) {
        let command = try Executable(arguments, folder: world.folder)
        return (await command.end()?.status, command.text)
    }

    private static func configure(_ world: LiveWorld, _ change: (String) -> String) throws {
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
        try change(text).write(toFile: world.configurationPath, atomically: true, encoding: .utf8)
    }

    @Test func anOpenIncidentContinuesFromABackup() async throws {
        let world = try await LiveWorld.start()
        // Nothing listens there, so the rollback stays open.
        try Self.configure(world) { $0.replacingOccurrences(of: world.adminAddress, with: "127.0.0.1:9") }
        let first = try Executable(["run", "--config", world.configurationPath], folder: world.folder)
        let rollback = [
            "rollback", "checkout", "--reason", "drill", "--no-wait", "--socket", world.statePath + "/rollguard.sock",
        ]
        let isAsked = await eventually { try await Self.run(rollback, world).status == 0 }
        #expect(isAsked, "\(first.text)")
        let isNotified = await eventually { await world.deliveries()["rollback_intended"] != nil }
        #expect(isNotified, "\(first.text)")

        let backup = world.folder.path + "/backup.sqlite"
        let made = try await Self.run(["backup", "--config", world.configurationPath, backup], world)
        #expect(made.status == 0 && made.text.contains("journal entries"), "\(made.text)")
        let again = try await Self.run(["backup", "--state", world.statePath, backup], world)
        #expect(again.status == 1 && again.text.contains("is not overwritten"), "\(again.text)")
        first.signal(SIGTERM)
        #expect(await first.end()?.status == 0, "\(first.text)")

        let restored = world.folder.path + "/restored"
        try FileManager.default.createDirectory(atPath: restored, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: backup, toPath: restored + "/journal.sqlite")
        try Self.configure(world) {
            $0.replacingOccurrences(of: "127.0.0.1:9\"", with: world.adminAddress + "\"")
                .replacingOccurrences(of: "state: \(world.statePath)", with: "state: \(restored)")
        }
        let second = try Executable(["run", "--config", world.configurationPath], folder: world.folder)
        let isDone = await eventually {
            let isOut = try await world.canaryBasisPoints() == 0
            return await world.deliveries()["rollback_acknowledged"] != nil && isOut
        }
        #expect(isDone, "\(second.text)")
        let why = try await Self.run(["why", "--socket", restored + "/rollguard.sock"], world)
        #expect(why.text.contains(": acknowledged") && why.text.contains("drill"), "\(why.text)")
        let deliveries = await world.deliveries()
        #expect(deliveries["rollback_intended"]?.count == 1, "\(deliveries)")
        await second.kill9()
        await world.stop()
    }

    @Test(arguments: [
        (["backup", "x.sqlite"], 2, "--config or --state"),
        (["backup", "--state", "/nonexistent", "x.sqlite"], 3, "there is no journal /nonexistent/journal.sqlite"),
    ])
    func saysWhatIsWrong(_ arguments: [String], _ status: Int32, _ text: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("restore-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let command = try Executable(arguments, folder: folder)
        #expect(await command.end()?.status == status && command.text.contains(text), "\(command.text)")
    }
}

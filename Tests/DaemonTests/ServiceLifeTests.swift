import DemoWorld
import Foundation
import Testing

/// The daemon as a service manager and a script see it: notifications, lines of the log, `rollguard reload`.
@Suite("A managed daemon", .enabled(if: Executable.path != nil, "the executable is not built"))
struct ServiceLifeTests {
    @Test func reloadsSayWhetherTheyWorkedAndWhatChanged() async throws {
        let world = try await LiveWorld.start()
        let port = try Scratch.port()
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
            .replacing("listen: 127.0.0.1:0", with: "listen: 127.0.0.1:\(port)")
        func write(_ text: String) throws {
            try text.write(toFile: world.configurationPath, atomically: true, encoding: .utf8)
        }
        try write(text)
        let daemon = try Executable(
            ["run", "--config", world.configurationPath, "--log-format", "json"], folder: world.folder)
        #expect(await eventually { daemon.text.contains("the API listens on") }, "\(daemon.text)")

        func reload() async throws -> (Int32?, String) {
            let command = try Executable(["reload", "--config", world.configurationPath], folder: world.folder)
            let end = await command.end()
            return (end?.status, command.text)
        }
        var (status, answer) = try await reload()
        #expect(status == 0 && answer.contains("reloaded: nothing has changed"), "\(answer)")
        try write(text.replacing("version: v2", with: "version: v3"))
        (status, answer) = try await reload()
        #expect(status == 0 && answer.contains("checkout: canary v2 -> v3"), "\(answer)")
        try write(text.replacing("kind: gray", with: "kind: grey"))
        let refused = try Executable(
            ["reload", "--address", "127.0.0.1:\(port)", "--socket", world.folder.path + "/state/rollguard.sock"],
            folder: world.folder)
        #expect(await refused.end()?.status == 1 && refused.text.contains("did you mean 'gray'?"), "\(refused.text)")

        daemon.signal(SIGTERM)
        #expect(await daemon.end()?.status == 0, "\(daemon.text)")
        let log = daemon.text
        await world.stop()
        let lines = log.split(separator: "\n")
        for line in lines {
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            #expect(object?["time"]?.hasSuffix("Z") == true && object?["message"] != nil, "\(line)")
        }
        #expect(
            log.contains("1 release (checkout), 2 targets, from \(world.configurationPath)"), "\(log)")
        #expect(log.contains(#""release":"checkout""#), "\(log)")
        #expect(lines.last?.contains(#""message":"stopped""#) == true, "\(log)")
    }
}

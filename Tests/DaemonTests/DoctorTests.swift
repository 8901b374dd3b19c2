import DemoWorld
import Foundation
import Testing

@Suite("rollguard doctor", .enabled(if: Executable.path != nil, "the executable is not built"))
struct DoctorTests {
    private static func doctor(_ world: LiveWorld) async throws -> (status: Int32?, text: String) {
        let command = try Executable(["doctor", world.configurationPath], folder: world.folder)
        let end = await command.end()
        return (end?.status, command.text)
    }

    @Test func aWorldThatWorksIsOkLineByLine() async throws {
        let world = try await LiveWorld.start()
        let (status, text) = try await Self.doctor(world)
        await world.stop()
        #expect(status == 0, "\(text)")
        #expect(!text.contains("error "), "\(text)")
        for subject in ["configuration:", "state:", "open files:", "baseline ", "canary ", "router ", "receiver "] {
            #expect(text.contains(subject), "\(subject) in \(text)")
        }
        #expect(text.contains("a rollback would call PUT"), "\(text)")
    }

    /// Each trouble is in a line of its own, and the others are tried all the same.
    @Test func whatDoesNotWorkIsSaidWithAllElse() async throws {
        let world = try await LiveWorld.start()
        var configuration = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
        configuration = configuration.replacing("url: \"http", with: "secret_file: /nowhere/key, url: \"http")
        try configuration.write(toFile: world.configurationPath, atomically: true, encoding: .utf8)
        await world.canary.setFault(.crash)
        let (status, text) = try await Self.doctor(world)
        await world.stop()
        #expect(status == 1, "\(text)")
        let errors = text.split(separator: "\n").filter { $0.hasPrefix("error ") }
        #expect(errors.contains { $0.contains("canary ") }, "\(text)")
        #expect(errors.contains { $0.contains("/nowhere/key") }, "\(text)")
        #expect(text.contains("baseline ") && text.contains("a rollback would call"), "\(text)")
    }

    @Test func aConfigurationThatCannotBeUsedEndsIt() async throws {
        let world = try await LiveWorld.start()
        try "releases: 5\n".write(toFile: world.configurationPath, atomically: true, encoding: .utf8)
        let (status, text) = try await Self.doctor(world)
        await world.stop()
        #expect(status == 1)
        #expect(text.contains("error    configuration:") && text.contains("nothing else was tried"), "\(text)")
    }
}

import Foundation
import Testing

/// The commands of `docs/centre.md` run as they are written, against a real etcd, and print what it says.
@Suite(
    "The tutorial of the centre", .enabled(if: CentreWorld.isPossible, "needs the executable and etcd"),
    .timeLimit(.minutes(3)))
struct CentreTutorialTests {
    /// A command and the lines that follow it.
    private typealias Step = (command: String, output: [String])

    @Test func itsCommandsDoWhatItSays() async throws {
        let world = try await CentreWorld()
        var daemon: Executable?
        // The gray router's part needs a router and a client of etcd; the demo's test has both.
        for step in try CentreWorld.blocks("console").flatMap(Self.steps) where !step.command.contains("policy") {
            if step.command == "rollguard run" {
                let started = try Executable(
                    program: "/bin/bash",
                    ["-c", "cd '\(world.folder.path)' && exec '\(Executable.path ?? "")' run"], folder: world.folder)
                daemon = started
                #expect(await eventually { try await world.status().contains("\"centre\"") }, "\(started.text)")
                continue
            }
            // The daemon takes a change a moment after it was pushed.
            var last = ""
            let isSame = await eventually(step.command.hasPrefix("rollguard config push") ? 1 : 100) {
                last = try await world.shell(step.command).text
                return Self.shape(last) == Self.shape(step.output.joined(separator: "\n"))
            }
            #expect(isSame, "$ \(step.command)\n\(last)\ninstead of\n\(step.output.joined(separator: "\n"))")
        }
        #expect(daemon != nil)
        if let daemon { await world.end(daemon) }
    }

    private static func steps(_ block: String) -> [Step] {
        var steps: [Step] = []
        for line in block.split(separator: "\n") {
            if line.hasPrefix("$ ") {
                steps.append((String(line.dropFirst(2)), []))
            } else if !steps.isEmpty {
                steps[steps.count - 1].output.append(String(line))
            }
        }
        return steps
    }

    /// Without what differs from run to run: times and digests.
    private static func shape(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            String(line).replacing(/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/, with: "TIME")
                .replacing(/\b[0-9a-f]{12}\b/, with: "DIGEST")
                .replacing(/rollguard [0-9]+\.[0-9]+\.[0-9]+/, with: "rollguard VERSION")
        }
    }
}

/// The gray router's policy in a real etcd: traffic follows it, the daemon takes it back there, and etcd agrees.
@Suite(
    "The demo of the centre", .enabled(if: CentreWorld.isPossible, "needs the executable and etcd"),
    .timeLimit(.minutes(4)))
struct CentreDemoTests {
    @Test func endsAsItShould() async throws {
        let folder = try Scratch.folder("centre-demo")
        let demo = try Executable(["demo", "--story", "centre"], folder: folder)
        let end = await demo.end(withinSeconds: 180)
        #expect(end?.status == 0, "\(demo.text)")
        for line in ["strategy", "share 50 %", "changed rules CanaryErrorRate", "share = 0;", "etcd agrees"] {
            #expect(demo.text.contains(line), "no '\(line)' in\n\(demo.text)")
        }
        await demo.kill9()
        try? FileManager.default.removeItem(at: folder)
    }
}

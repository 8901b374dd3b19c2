import Foundation
import Model
import Testing

@testable import Routers

/// The file that nginx includes, and the machine it is on.
struct NginxIncludeTests {
    private static let choices = NginxIncludePlan.Content.choices(
        [.init(variable: "$v", key: "$request_id")], baseline: "old", canary: "new")

    @Test(
        arguments: [
            (0, "{ * old; }"), (1, "{ 0.01% new; * old; }"), (1_000, "{ 10% new; * old; }"),
            (1_250, "{ 12.50% new; * old; }"), (9_999, "{ 99.99% new; * old; }"), (10_000, "{ * new; }"),
        ])
    func aShareIsWrittenAsNginxReadsIt(points: Int, block: String) throws {
        let include = try NginxInclude(Self.choices, release: "Check-out 2")
        let text = include.text(Split(canaryBasisPoints: points))
        #expect(text.contains("split_clients \"$request_id\" $v \(block)\n"), "\(text)")
        #expect(include.stateVariable == "$rollguard_check_out_2")
        #expect(include.state(of: text)?.canaryBasisPoints == points)
        // Whoever changes a number by hand breaks the revision.
        #expect(include.state(of: text.replacingOccurrences(of: " $v {", with: " $w {")) == nil)
        #expect(include.state(of: "# something else\n") == nil)
    }

    @Test func aServerWithoutAShareIsDown() throws {
        let include = try NginxInclude(
            .upstream(name: "checkout", baseline: ["a:1", "b:1"], canary: ["c:1"]), release: "checkout")
        let rolledBack = include.text(.allBaseline)
        #expect(rolledBack.contains("server a:1 weight=1;") && rolledBack.contains("server c:1 down;"))
        #expect(include.text(Split(canaryBasisPoints: 10_000)).contains("server b:1 down;"))
        #expect(!include.text(Split(canaryBasisPoints: 5_000)).contains("down"))
    }

    @Test(
        arguments: [
            .choices([], baseline: "o", canary: "n"),
            .choices([.init(variable: "v", key: "$a")], baseline: "o", canary: "n"),
            .choices([.init(variable: "$v", key: "$a\";x")], baseline: "o", canary: "n"),
            .choices([.init(variable: "$v", key: "$a")], baseline: "o;", canary: "n"),
            .choices([.init(variable: "$v", key: "$a")], baseline: "o", canary: "o"),
            .upstream(name: "u {", baseline: ["a:1"], canary: ["b:1"]),
            .upstream(name: "u", baseline: ["a:1"], canary: ["a:1"]),
            .upstream(name: "u", baseline: ["a:1; }"], canary: ["b:1"]),
        ] as [NginxIncludePlan.Content])
    func whatWouldBeSyntaxIsRefused(_ content: NginxIncludePlan.Content) {
        #expect(throws: RouterPlanError.self) { _ = try NginxInclude(content, release: "r") }
    }

    @Test func aFileThatNginxRefusesIsPutBack() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("nginx-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("split.conf").path
        try "before\n".write(toFile: file, atomically: true, encoding: .utf8)
        // A program that says no to everything, on this machine's real files and processes.
        let script = "echo 'nginx: [emerg] no such thing in split.conf:1'; exit 1"
        let plan = NginxIncludePlan(
            instances: [.init(file: file, command: ["/bin/sh", "-c", script], stateURL: "http://127.0.0.1:1/s")],
            content: Self.choices)
        let driver = try NginxIncludeDriver(
            plan: plan, release: "checkout", transport: FakeTransport(answers: [.failure(.closed)]))
        let receipt = try #require(await driver.apply(.allBaseline, timeoutMs: 10_000).first)
        #expect(receipt.outcome == .rejected && receipt.detail.contains("[emerg] no such thing"), "\(receipt)")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "before\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["split.conf"])
    }

    @Test func aProgramThatDoesNotEndIsEnded() async throws {
        let host = LocalNginxHost()
        await #expect(throws: NginxHostError.self) {
            _ = try await host.run(["/bin/sh", "-c", "exec sleep 60"], timeoutMs: 50)
        }
        await #expect(throws: NginxHostError.self) { _ = try await host.run(["/nowhere/nginx"], timeoutMs: 1_000) }
        #expect(try await host.run(["/bin/sh", "-c", "echo said; exit 3"], timeoutMs: 10_000) == (3, "said\n"))
        #expect(throws: NginxHostError.self) { try host.replace("/nowhere/a/b.conf", with: "") }
        #expect(host.writeProblem("/nowhere/a.conf")?.contains("/nowhere") == true)
        #expect(host.writeProblem("/tmp/a.conf") == nil)
        #expect(try host.read("/nowhere/a.conf") == nil)
    }

    /// More than a pipe holds, on both outputs: the program would wait for ever for a reader.
    @Test(arguments: [0, 1, 3_000, 20_000])
    func aProgramMaySayAsMuchAsItLikes(_ lines: Int) async throws {
        let script = """
            i=0; while [ $i -lt \(lines) ]; do echo "nginx: [warn] conflicting server name, line $i, ignored"
            echo "nginx: [warn] the same on the other output" >&2; i=$((i+1)); done
            echo "nginx: [emerg] the last line says what is wrong"; exit 1
            """
        let (status, output) = try await LocalNginxHost().run(["/bin/sh", "-c", script], timeoutMs: 30_000)
        #expect(status == 1)
        #expect(output.contains("[emerg] the last line says what is wrong"))
        #expect(output.utf8.count < 64_000)
        #expect(lines == 0 || output.contains("line 0, ignored"))
    }

    /// What the program started is ended with it; what it left running on purpose does not hold up its end.
    @Test func aProgramsChildrenDoNotHoldItUp() async throws {
        let host = LocalNginxHost()
        try await TemporaryFolder.with { folder in
            let left = "sleep 30 & echo $! > \(folder)/pid; exit 4"
            #expect(try await host.run(["/bin/sh", "-c", left], timeoutMs: 20_000).status == 4)
            let detached = try #require(
                pid_t(try TemporaryFolder.read(folder + "/pid").trimmingCharacters(in: .newlines)))
            kill(detached, SIGKILL)
            await #expect(throws: NginxHostError.self) {
                _ = try await host.run(
                    ["/bin/sh", "-c", "sleep 60 & echo $! > \(folder)/pid; wait"], timeoutMs: 500)
            }
            let child = try #require(
                pid_t(try TemporaryFolder.read(folder + "/pid").trimmingCharacters(in: .newlines)))
            var isGone = false
            for _ in 0..<200 where !isGone {
                let state = (try? TemporaryFolder.read("/proc/\(child)/stat"))?.split(separator: " ")
                isGone = state == nil || state?[2] == "Z"
                usleep(10_000)
            }
            #expect(isGone)
        }
    }

    /// A link at the draft's name leads to another user's file, which must stay as it is.
    @Test func aDraftIsNeverWrittenThroughALink() async throws {
        try await TemporaryFolder.with { folder in
            let (file, victim) = (folder + "/split.conf", folder + "/victim")
            try TemporaryFolder.write("precious", to: victim)
            for isHard in [false, true] {
                try? FileManager.default.removeItem(atPath: file + ".rollguard")
                #expect((isHard ? link(victim, file + ".rollguard") : symlink(victim, file + ".rollguard")) == 0)
                try LocalNginxHost().replace(file, with: "new")
                #expect(try TemporaryFolder.read(victim) == "precious")
                #expect(try TemporaryFolder.read(file) == "new")
                let type = try FileManager.default.attributesOfItem(atPath: file)[.type] as? FileAttributeType
                #expect(type == .typeRegular)
            }
        }
    }
}

import DemoWorld
import Foundation
import Routers
import Testing

@testable import rollguard

@Suite("Which servers of a router are which pool")
struct PoolMatchTests {
    private static func group(_ servers: [(String, String)]) -> RouterSurvey {
        RouterSurvey(groups: [
            .init(name: "checkout", servers: servers.map { .init(name: $0.0, addresses: [$0.1]) })
        ])
    }

    private static func match(
        _ survey: RouterSurvey, _ baseline: [String], _ canary: [String],
        names: (baseline: [String], canary: [String])? = nil
    ) -> PoolMatch? {
        PoolMatch.all(in: survey, for: .init(baseline: baseline, canary: canary, names: names)).first
    }

    @Test func serversAreFoundByTheWholeAddress() {
        let survey = Self.group([("old1", "127.0.0.1:81"), ("old2", "127.0.0.1:82"), ("new1", "127.0.0.1:91")])
        let found = Self.match(survey, ["127.0.0.1:81", "http://localhost:82/metrics"], ["localhost:91"])
        #expect(found?.baseline == ["old1", "old2"])
        #expect(found?.canary == ["new1"])
    }

    @Test func metricsOnAPortOfTheirOwnAreFoundByTheHost() {
        let survey = Self.group([("old1", "10.0.0.11:8080"), ("new1", "[2001:db8::1]:8080")])
        let found = Self.match(survey, ["10.0.0.11:9090"], ["[2001:db8::1]:9090"])
        #expect(found?.baseline == ["old1"])
        #expect(found?.canary == ["new1"])
    }

    /// One host with both versions says nothing about which server is which.
    @Test func oneHostInBothPoolsNeedsNames() {
        let survey = Self.group([("old1", "127.0.0.1:8081"), ("new1", "127.0.0.1:8082")])
        #expect(Self.match(survey, ["127.0.0.1:9091"], ["127.0.0.1:9092"]) == nil)
        let found = Self.match(survey, ["127.0.0.1:9091"], ["127.0.0.1:9092"], names: (["old1"], ["new1"]))
        #expect(found?.baseline == ["old1"])
        #expect(found?.canary == ["new1"])
    }

    @Test func aServerInBothPoolsMatchesNothing() {
        let survey = Self.group([("all", "10.0.0.11:8080")])
        #expect(Self.match(survey, ["10.0.0.11:8080"], ["10.0.0.11:8080"]) == nil)
    }
}

@Suite("rollguard init", .enabled(if: Executable.path != nil, "the executable is not built"))
struct InitCommandTests {
    /// Two services, and what `init` says of them.
    private struct Outcome {
        let status: Int32?
        let text: String
        let configuration: String
        /// Of `check` afterwards.
        let checked: Int32?
    }

    private static func run(
        _ folder: URL, _ options: (_ old: String, _ new: String) throws -> [String]
    ) async throws -> Outcome {
        let old = DemoService(version: "v1", instance: "old", fault: .none, seed: 1)
        let new = DemoService(version: "v2", instance: "new", fault: .none, seed: 2)
        let (first, second) = (try await old.start(), try await new.start())
        let path = folder.appendingPathComponent("rollguard.yaml").path
        let command = try Executable(
            ["init", "--baseline", first, "--canary", second, "--output", path] + options(first, second),
            folder: folder)
        let end = await command.end()
        let check = try Executable(["check", path], folder: folder)
        let checked = await check.end()
        await old.stop()
        await new.stop()
        return Outcome(
            status: end?.status, text: command.text,
            configuration: (try? String(contentsOfFile: path, encoding: .utf8)) ?? "", checked: checked?.status)
    }

    @Test(.enabled(if: RealProgram.path("haproxy") != nil, "haproxy is not installed"))
    func aRealHAProxyIsAskedAndNothingHasToBeEdited() async throws {
        let folder = try Scratch.folder("init")
        var router: RealProgram?
        let outcome = try await Self.run(folder) { old, new in
            let text = """
                global
                    stats socket \(folder.path)/admin.sock mode 600 level admin
                defaults
                    mode http
                    timeout connect 1s
                    timeout client 5s
                    timeout server 5s
                backend checkout
                    server old1 \(old) weight 90
                    server new1 \(new) weight 10
                """
            let file = folder.appendingPathComponent("haproxy.cfg")
            try (text + "\n").write(to: file, atomically: true, encoding: .utf8)
            router = try RealProgram("haproxy", ["-f", file.path, "-db"], folder: folder)
            for _ in 0..<100 where !FileManager.default.fileExists(atPath: folder.path + "/admin.sock") {
                usleep(20_000)
            }
            return ["--haproxy", folder.path + "/admin.sock"]
        }
        await router?.stop()
        #expect(outcome.status == 0, "\(outcome.text)")
        #expect(outcome.checked == 0, "\(outcome.configuration)")
        for line in [
            "name: \"checkout\"", "version: \"v1\"", "version: \"v2\"", "backend: \"checkout\"",
            "servers: {baseline: [\"old1\"], canary: [\"new1\"]}", "requests: 'http_requests_total'",
            "- \"rules/regression.yaml\"",
        ] {
            #expect(outcome.configuration.contains(line), "\(line) in \(outcome.configuration)")
        }
        #expect(outcome.text.contains("the canary has 10 %; may be changed"), "\(outcome.text)")
        #expect(outcome.text.contains("next     rollguard run"), "\(outcome.text)")
        try? FileManager.default.removeItem(at: folder)
    }

    @Test func whatCannotBeFoundOutIsSaidAndStaysAComment() async throws {
        let folder = try Scratch.folder("init")
        let outcome = try await Self.run(folder) { _, _ in ["--haproxy", folder.path + "/absent.sock"] }
        #expect(outcome.status == 1, "\(outcome.text)")
        #expect(outcome.text.contains("warning  router haproxy: ") && outcome.text.contains("cannot connect"))
        #expect(outcome.configuration.contains("# Not found out: "), "\(outcome.configuration)")
        #expect(outcome.text.contains("next     fill in what is missing"), "\(outcome.text)")
        try? FileManager.default.removeItem(at: folder)
    }

    @Test func anExistingFileIsNeverOverwritten() async throws {
        let folder = try Scratch.folder("init")
        let path = folder.appendingPathComponent("rollguard.yaml")
        try "mine\n".write(to: path, atomically: true, encoding: .utf8)
        let outcome = try await Self.run(folder) { _, _ in ["--gray", "127.0.0.1:1"] }
        #expect(outcome.status == 1 && outcome.text.contains("is there already"), "\(outcome.text)")
        #expect(outcome.configuration == "mine\n")
        try? FileManager.default.removeItem(at: folder)
    }
}

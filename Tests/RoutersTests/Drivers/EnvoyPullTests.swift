import Foundation
import Model
import NIOCore
import NIOPosix
import Ports
import Testing

@testable import Routers

/// Envoy's side of REST xDS, spoken by hand.
@Suite(.timeLimit(.minutes(15)))
struct EnvoyPullTests {
    static let routes = """
        name: app
        virtual_hosts:
        - name: vh
          domains: ["*"]
          routes:
          - match: {prefix: "/"}
            route: {weighted_clusters: {clusters: [{name: v1, weight: 90}, {name: v2, weight: 10}]}}
            timeout_is_off: true

        """

    private struct World {
        let driver: any RouterDriver
        let port: Int
        let file: String

        /// Polls as the node; answers with the status and the version that was served.
        func poll(_ node: String, version: String, rejection: String? = nil) async throws -> (Int, JSONValue?) {
            let error = rejection.map { ",\"error_detail\":{\"message\":\"\($0)\"}" } ?? ""
            let body =
                "{\"node\":{\"id\":\"\(node)\"},\"version_info\":\"\(version)\",\"resource_names\":[\"app\"]\(error)}"
            let answer = try await TCPClient.exchange(
                port: port,
                "POST /v3/discovery:routes HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                    + body)
            let status = Int(answer.split(separator: " ")[1]) ?? 0
            let text = answer.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n")
            return (status, try? JSONParser.parse(text))
        }
    }

    private func with(_ nodes: [String] = ["edge"], _ work: (World) async throws -> Void) async throws {
        try await TemporaryFolder.with { folder in
            let file = folder + "/routes.yaml"
            try TemporaryFolder.write(Self.routes, to: file)
            let port = try FreePort.find()
            let plan = EnvoyPlan(
                mode: .xds(PullPlan(host: "127.0.0.1", port: port, file: file), nodes: nodes),
                clusters: PoolPair(baseline: "v1", canary: "v2"))
            try await work(World(driver: makeDriver(.envoy(plan)), port: port, file: file))
        }
    }

    @Test func theNextPollsVersionIsTheAcknowledgement() async throws {
        try await with { world in
            let first = try #require(await world.driver.observe(timeoutMs: 5_000).first)
            #expect(first.canaryBasisPoints == nil && first.problem?.contains("no Envoy with node.id edge") == true)
            let (status, answer) = try await world.poll("edge", version: "")
            let version = try #require(answer?["version_info"]?.text)
            #expect(status == 200 && answer?["type_url"]?.text == XDSRoutes.typeURL)
            let table = try #require(answer?["resources"]?.items.first)
            #expect(table["@type"]?.text == XDSRoutes.typeURL && table["name"]?.text == "app")
            #expect(await world.driver.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [nil])
            #expect(try await world.poll("edge", version: version).0 == 304)
            let seen = try #require(await world.driver.observe(timeoutMs: 5_000).first)
            #expect(seen.canaryBasisPoints == 1_000 && seen.level == .acked && seen.revision == version)
        }
    }

    @Test func aBodyThatIsTooLargeIsRefusedBeforeItIsRead() async throws {
        try await with { world in
            _ = await world.driver.observe(timeoutMs: 5_000)
            let answer = try await TCPClient.exchange(
                port: world.port,
                "POST /v3/discovery:routes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    + "Content-Length: \(PullServer.bodyLimitBytes + 1)\r\n\r\n{")
            #expect(answer.hasPrefix("HTTP/1.1 413 "), "\(answer)")
        }
    }

    @Test func aRejectionLeavesTheOldShareAndSaysWhy() async throws {
        try await with { world in
            _ = await world.driver.observe(timeoutMs: 5_000)
            let version = try #require(try await world.poll("edge", version: "").1?["version_info"]?.text)
            #expect(try await world.poll("edge", version: version).0 == 304)
            // No node polls any more while it is being set: the call ends all the same.
            #expect(await world.driver.apply(.allBaseline, timeoutMs: 300).map(\.outcome) == [.accepted])
            #expect(try TemporaryFolder.read(world.file).contains("{name: v2, weight: 0}"))
            let next = try await world.poll("edge", version: version, rejection: "no such cluster")
            #expect(next.0 == 200 && next.1?["version_info"]?.text != version)
            let seen = try #require(await world.driver.observe(timeoutMs: 5_000).first)
            #expect(seen.canaryBasisPoints == 1_000 && seen.problem == "Envoy rejects the routes: no such cluster")
            let taken = try #require(next.1?["version_info"]?.text)
            #expect(try await world.poll("edge", version: taken).0 == 304)
            #expect(await world.driver.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [0])
        }
    }

    @Test func everyNodeAnswersForItself() async throws {
        try await with(["a", "b"]) { world in
            _ = await world.driver.observe(timeoutMs: 5_000)
            let version = try #require(try await world.poll("a", version: "").1?["version_info"]?.text)
            _ = try await world.poll("a", version: version)
            _ = try await world.poll("b", version: "of-another-time")
            let seen = await world.driver.observe(timeoutMs: 5_000)
            #expect(seen.map(\.canaryBasisPoints) == [1_000, nil])
            #expect(seen[1].problem?.contains("before this daemon started") == true)
        }
    }

    /// The file is the memory: a new process serves what the last one wrote.
    @Test func aRestartServesWhatWasWritten() async throws {
        try await with { world in
            _ = await world.driver.apply(.allBaseline, timeoutMs: 300)
            let again = try makeDriver(
                .envoy(
                    EnvoyPlan(
                        mode: .xds(
                            PullPlan(host: "127.0.0.1", port: world.port, file: world.file), nodes: ["edge"]),
                        clusters: PoolPair(baseline: "v1", canary: "v2"))))
            let version = try #require(try await world.poll("edge", version: "").1?["version_info"]?.text)
            _ = try await world.poll("edge", version: version)
            #expect(await again.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [0])
        }
    }

    @Test func aFileThatCannotBeReadIsAnErrorForEnvoyAndNotAnEmptyTable() async throws {
        try await with { world in
            _ = await world.driver.observe(timeoutMs: 5_000)
            try TemporaryFolder.write("name: [", to: world.file)
            #expect(try await world.poll("edge", version: "").0 == 503)
            try FileManager.default.removeItem(atPath: world.file)
            #expect(try await world.poll("edge", version: "").0 == 503)
            let receipt = try #require(await world.driver.apply(.allBaseline, timeoutMs: 500).first)
            #expect(receipt.outcome == .rejected && receipt.detail.contains(world.file))
        }
    }

    @Test func otherPathsAndMethodsAreRefused() async throws {
        try await with { world in
            _ = await world.driver.observe(timeoutMs: 5_000)
            for (line, status) in [("GET / ", "404"), ("GET /v3/discovery:routes ", "400")] {
                let answer = try await TCPClient.exchange(
                    port: world.port, "\(line)HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
            }
        }
    }

    @Test func theDriversTakeOneFileForOnePort() async throws {
        try await with { world in
            _ = await world.driver.observe(timeoutMs: 5_000)
            let other = EnvoyPlan(
                mode: .xds(PullPlan(host: "127.0.0.1", port: world.port, file: world.file + "2"), nodes: ["edge"]),
                clusters: PoolPair(baseline: "v1", canary: "v2"))
            let seen = try #require(try await makeDriver(.envoy(other)).observe(timeoutMs: 5_000).first)
            #expect(seen.problem?.contains("another release serves") == true)
        }
    }

    @Test func thePortClosesWithTheLastDriver() async throws {
        var port = 0
        try await with { world in
            port = world.port
            _ = await world.driver.observe(timeoutMs: 5_000)
        }
        for _ in 0..<200 {
            guard (try? await TCPClient.exchange(port: port, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n")) != nil
            else { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the port is still open")
    }

    @Test func aPortThatIsTakenIsSaid() async throws {
        let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = taken.localAddress?.port ?? 0
        let plan = EnvoyPlan(
            mode: .xds(PullPlan(host: "127.0.0.1", port: port, file: "/nowhere.yaml"), nodes: ["edge"]),
            clusters: PoolPair(baseline: "v1", canary: "v2"))
        let receipt = try #require(try await makeDriver(.envoy(plan)).apply(.allBaseline, timeoutMs: 2_000).first)
        #expect(receipt.outcome == .rejected && receipt.detail.contains("cannot listen on 127.0.0.1:\(port)"))
        try await taken.close().get()
    }
}

import DemoWorld
import Foundation
import Testing

/// Two daemons that ship, each with its own services and router, and a release `checkout` that is in one group in both.
@Suite("A group over two daemons", .serialized, .enabled(if: Executable.path != nil, "the executable is not built"))
struct GroupDaemonTests {
    private static let secret = "group-token-9d1f2c"

    /// A world whose daemon listens on a port of its own and wants a token.
    private static func region(_ port: Int, groups: String) async throws -> LiveWorld {
        let world = try await LiveWorld.start()
        try secret.write(toFile: world.folder.path + "/token", atomically: true, encoding: .utf8)
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
        let listen = "listen: {address: \"127.0.0.1:\(port)\", token_file: token}"
        try (text.replacingOccurrences(of: "listen: 127.0.0.1:0", with: listen) + "groups:\n" + groups)
            .write(toFile: world.configurationPath, atomically: true, encoding: .utf8)
        return world
    }

    private static func group(other port: Int) -> String {
        "  - {name: shop, releases: [checkout, {name: checkout, daemon: \"http://127.0.0.1:\(port)\", "
            + "auth: {bearer_file: token}}]}\n"
    }

    private static func start(_ world: LiveWorld, port: Int) async throws -> Executable {
        let daemon = try Executable(["run", "--config", world.configurationPath], folder: world.folder)
        let isWatching = await eventually {
            let url = URL(string: "http://127.0.0.1:\(port)/api/v1/releases/checkout")!
            return try await HTTP.send("GET", url).text.contains("\"phase\":\"watching\"")
        }
        #expect(isWatching, "\(daemon.text)")
        return daemon
    }

    private static func why(_ world: LiveWorld, port: Int) async throws -> String {
        let command = try Executable(["why", "--address", "127.0.0.1:\(port)"], folder: world.folder)
        _ = await command.end()
        return command.text
    }

    private static func incidents(port: Int) async throws -> Int {
        struct List: Decodable {
            struct One: Decodable { let id: String }
            let incidents: [One]
        }
        let url = URL(string: "http://127.0.0.1:\(port)/api/v1/incidents")!
        return try JSONDecoder().decode(List.self, from: try await HTTP.get(url)).incidents.count
    }

    @Test func theSickOnesRollbackBringsTheOthersBack() async throws {
        let (usPort, euPort) = (try Scratch.port(), try Scratch.port())
        let us = try await Self.region(usPort, groups: Self.group(other: euPort))
        let eu = try await Self.region(euPort, groups: Self.group(other: usPort))
        let (usDaemon, euDaemon) = (
            try await Self.start(us, port: usPort), try await Self.start(eu, port: euPort)
        )
        await us.canary.setFault(.errors(share: 0.5))
        let areOut = await eventually {
            let shares = (try await us.canaryBasisPoints(), try await eu.canaryBasisPoints())
            return shares == (0, 0)
        }
        #expect(areOut, "\(usDaemon.text)\n\(euDaemon.text)")
        #expect(
            await eventually { await eu.sink.firstReceived(event: "rollback_acknowledged") != nil }, "\(euDaemon.text)")
        #expect(await eventually { await us.sink.firstReceived(event: "group_decided") != nil }, "\(usDaemon.text)")
        #expect(try await Self.incidents(port: usPort) == 1)
        #expect(try await Self.incidents(port: euPort) == 1)
        let coordinator = try await Self.why(us, port: usPort)
        #expect(coordinator.contains("group    shop: decided"), "\(coordinator)")
        #expect(coordinator.contains("goes back (checkout-"), "\(coordinator)")
        let companion = try await Self.why(eu, port: euPort)
        #expect(companion.contains("group    shop: with checkout, because of checkout-"), "\(companion)")
        #expect(!(usDaemon.text + euDaemon.text + coordinator + companion).contains(Self.secret))
        await usDaemon.kill9()
        await euDaemon.kill9()
        await us.stop()
        await eu.stop()
    }

    @Test func aDaemonThatIsDownDelaysNothing() async throws {
        let (usPort, euPort) = (try Scratch.port(), try Scratch.port())
        let us = try await Self.region(usPort, groups: Self.group(other: euPort))
        let daemon = try await Self.start(us, port: usPort)
        await us.canary.setFault(.errors(share: 0.5))
        #expect(
            await eventually { await us.sink.firstReceived(event: "rollback_acknowledged") != nil }, "\(daemon.text)")
        #expect(try await us.canaryBasisPoints() == 0)
        #expect(await eventually { await us.sink.firstReceived(event: "group_decided") != nil }, "\(daemon.text)")
        let shown = try await Self.why(us, port: usPort)
        #expect(shown.contains("stays: its daemon cannot be reached"), "\(shown)")
        await daemon.kill9()
        await us.stop()
    }

    @Test func aDaemonWithAnotherTokenRefuses() async throws {
        let (usPort, euPort) = (try Scratch.port(), try Scratch.port())
        let us = try await Self.region(usPort, groups: Self.group(other: euPort))
        let eu = try await Self.region(euPort, groups: Self.group(other: usPort))
        try "another".write(toFile: eu.folder.path + "/token", atomically: true, encoding: .utf8)
        let (usDaemon, euDaemon) = (
            try await Self.start(us, port: usPort), try await Self.start(eu, port: euPort)
        )
        await us.canary.setFault(.errors(share: 0.5))
        #expect(await eventually { await us.sink.firstReceived(event: "group_decided") != nil }, "\(usDaemon.text)")
        let shown = try await Self.why(us, port: usPort)
        #expect(shown.contains("stays: its daemon answered with status 403"), "\(shown)")
        #expect(try await eu.canaryBasisPoints() > 0)
        await usDaemon.kill9()
        await euDaemon.kill9()
        await us.stop()
        await eu.stop()
    }
}

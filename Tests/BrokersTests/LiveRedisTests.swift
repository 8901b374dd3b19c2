import Foundation
import Model
import Ports
import Testing

@testable import Brokers

@Suite("A real Redis", .serialized, .enabled(if: Programs.has("redis-server"), "redis-server is not installed"))
struct LiveRedisTests {
    private func message(_ number: Int) -> BrokerMessage {
        .sample(
            .stream("rel", length: 1_000, rememberedSeconds: 600), id: "ab12-\(number)-bus", body: "{\"n\":\(number)}")
    }

    private func start(_ folder: URL, _ port: Int) throws -> RealProgram {
        try RealProgram(
            "redis-server",
            ["--bind", "127.0.0.1", "--port", "\(port)", "--dir", folder.path, "--save", "", "--appendonly", "yes"]
                + ["--appendfsync", "always", "--requirepass", "s3cret"], folder: folder)
    }

    /// The server is killed in the middle, and knows the ids of before.
    @Test func everyEventIsOneEntryAndInOrder() async throws {
        let (folder, port) = (try Scratch.folder(), try Scratch.port())
        var server = try start(folder, port)
        let brokers = Brokers(secrets: FixedSecrets())
        let address = BrokerAddress(
            scheme: .redis, host: "127.0.0.1", port: port,
            security: ClientSecurity(authorization: .bearer(.file("/p"))), timeoutMs: 60_000)
        let isUp = await eventually { await brokers.publish(message(0), at: address) == .stored(isDuplicate: false) }
        #expect(isUp, "\(server.text)")
        for number in 1..<20 {
            #expect(await brokers.publish(message(number), at: address) == .stored(isDuplicate: false))
        }
        await server.kill9()
        guard case .failed = await brokers.publish(message(20), at: address) else { return #expect(Bool(false)) }
        server = try start(folder, port)
        let isKnown = await eventually { await brokers.publish(message(19), at: address) == .stored(isDuplicate: true) }
        #expect(isKnown, "\(server.text)")
        for number in 0..<40 {
            #expect(await brokers.publish(message(number), at: address) == .stored(isDuplicate: number < 20))
        }
        let entries = try await RedisReader(address, password: "s3cret").lines(["XRANGE", "rel", "-", "+"])
        let bodies = entries.filter { $0.hasPrefix("{\"n\"") }
        #expect(bodies == (0..<40).map { "{\"n\":\($0)}" })
        var wrong = address
        wrong.security.authorization = nil
        guard case .forbidden = await brokers.publish(message(41), at: wrong) else { return #expect(Bool(false)) }
        await server.kill9()
        try FileManager.default.removeItem(at: folder)
    }
}

/// Reads all lines that a command is answered with, until nothing more comes.
private struct RedisReader {
    let address: BrokerAddress
    let password: String

    init(_ address: BrokerAddress, password: String) { (self.address, self.password) = (address, password) }

    func lines(_ command: [String]) async throws -> [String] {
        try await BrokerLink.talk(to: address) { link in
            for command in [["AUTH", password], command, ["ECHO", "the end"]] {
                try await link.write(RedisTalk.bytes(command.map { Array($0.utf8) }))
            }
            var lines: [String] = []
            while lines.last != "the end" { lines.append(try await link.line()) }
            return lines
        }
    }
}

import Bench
import HTTPClient
import Model
import NIOCore
import Ports
import Telemetry
import Testing

@testable import rollguard_lab

@Suite("The bench's targets")
struct TargetServerTests {
    @Test(arguments: [0, 1, 249, 250, 999, 62_499, 62_500, 99_999])
    func anAddressLeadsBackToItsTarget(_ target: Int) {
        #expect(TargetAddress.target(of: TargetAddress.host(of: target)) == target)
    }

    @Test(arguments: ["127.0.0.1", "10.10.0.1", "127.10.0.0", "127.10.250.1", "::1", "127.10.1"])
    func otherAddressesAreNoTargets(_ host: String) {
        #expect(TargetAddress.target(of: host) == nil)
    }

    /// Counters advance, each target has its own, and only the broken one fails more.
    @Test func expositionsAreThoseOfTheirTargets() async throws {
        let world = TargetWorld(exposition: ServiceExposition(samples: 100), targets: 2, requestsPerSecond: 1e6)
        let server = try await TargetServer.start(world)
        let transport = CurlTransport(userAgent: "test", secrets: NoSecrets())
        func exposition(_ target: Int) async throws -> (requests: Double, errors: Double) {
            let response = try await transport.send(HTTPRequest(url: "http://\(server.address(of: target))/metrics"))
            #expect(response.status == 200)
            let samples = String(decoding: response.body, as: UTF8.self).split(separator: "\n")
                .filter { $0.hasPrefix("http_requests_total") }
            func sum(_ lines: [Substring]) -> Double {
                lines.reduce(0) { $0 + (Double($1.split(separator: " ").last ?? "") ?? 0) }
            }
            return (sum(samples), sum(samples.filter { $0.contains("\"500\"") }))
        }
        let first = try await (exposition(0), exposition(1))
        #expect(first.1.requests > first.0.requests)
        _ = world.breakTarget(1, errorShare: 0.5)
        world.record(true)
        let second = try await (exposition(0), exposition(1))
        let third = try await (exposition(0), exposition(1))
        world.record(false)
        let healthy = (third.0.errors - second.0.errors) / (third.0.requests - second.0.requests)
        let sick = (third.1.errors - second.1.errors) / (third.1.requests - second.1.requests)
        #expect(abs(healthy - 0.01) < 0.005)
        #expect(abs(sick - 0.5) < 0.05)
        #expect(world.takeVisits()?.map(\.target) == [0, 1, 0, 1])
        #expect(world.seenCount == 2)
        await transport.shutdown()
        await server.stop()
    }

    @Test func theRouterHoldsWhatWasPutAndNotesWhen() async throws {
        let world = TargetWorld(exposition: ServiceExposition(samples: 25), targets: 1, requestsPerSecond: 1)
        let server = try await TargetServer.start(world)
        let transport = CurlTransport(userAgent: "test", secrets: NoSecrets())
        let url = server.url("/router/checkout")
        let before = try await transport.send(HTTPRequest(url: url))
        #expect(String(decoding: before.body, as: UTF8.self) == #"{"baseline":90,"canary":10}"#)
        let body = #"{"baseline":100,"canary":0}"#
        _ = try await transport.send(HTTPRequest(method: "PUT", url: url, body: [UInt8](body.utf8)))
        let after = try await transport.send(HTTPRequest(url: url))
        #expect(String(decoding: after.body, as: UTF8.self) == body)
        #expect(world.arrivals.map(\.path) == ["/router/checkout"])
        let stored = try await transport.send(
            HTTPRequest(method: "POST", url: server.url("/api/v1/write"), body: [1, 2, 3]))
        #expect(stored.status == 204)
        #expect(world.arrivals.count == 1)
        await transport.shutdown()
        await server.stop()
    }

    @Test func aRequestMayComeInPieces() throws {
        var buffer = ByteBuffer(string: "POST /hook HTTP/1.1\r\nContent-Length: 5\r\n")
        #expect(try RequestText(in: buffer) == nil)
        buffer.writeString("\r\nhel")
        let request = try #require(try RequestText(in: buffer))
        #expect(request.method == "POST")
        #expect(request.path == "/hook")
        #expect(request.takeBody(from: &buffer) == nil)
        buffer.writeString("loGET")
        let body = try #require(request.takeBody(from: &buffer))
        #expect(String(buffer: body) == "hello")
        #expect(String(buffer: buffer) == "GET")
    }

    @Test(arguments: [
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", RequestText.Refusal.notUnderstood),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", .notUnderstood),
        ("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", .bodyTooLarge),
        (String(repeating: "x", count: 20_000), .headTooLarge),
    ])
    func whatIsNotUnderstoodIsRefused(_ text: String, _ refusal: RequestText.Refusal) {
        #expect(throws: refusal) { try RequestText(in: ByteBuffer(string: text)) }
    }
}

private struct NoSecrets: SecretStore {
    func secret(_ reference: SecretReference) throws(SecretError) -> String { throw .unsetVariable(name: "none") }
}

import Foundation
import Testing

@testable import Daemon
@testable import SystemSupport

@Suite("The limit of open files")
struct OpenFilesTests {
    @Test(arguments: 1...300) func alwaysLeavesRoomForRoutersAndReceivers(_ processors: Int) throws {
        for limit in stride(from: 16, through: 20_000, by: 37) {
            let files = OpenFiles(limit: limit, processors: processors)
            let isEnough = (try? files.requireEnough()) != nil
            #expect(isEnough == (limit >= files.least))
            guard isEnough else { continue }
            let rest = limit - files.scrapeConnections
            #expect(files.scrapeConnections >= 8 && rest >= files.least - 8, "\(limit)")
            #expect(files.outsideConnections >= 4 && 3 * files.outsideConnections <= rest, "\(limit)")
        }
    }

    @Test func theAPIServesAllItsConnectionsWhereFilesArePlenty() {
        for processors in [1, 2, 64] {
            #expect(OpenFiles(limit: 17_408, processors: processors).outsideConnections >= 256)
        }
    }

    @Test func isNamedWithWhatToDo() throws {
        let files = OpenFiles(limit: 48, processors: 2)
        let error = #expect(throws: TooFewOpenFiles.self) { try files.requireEnough() }
        #expect(error?.needed == files.least)
        let text = "\(try #require(error))"
        #expect(text.contains("open files is 48") && text.contains("`ulimit -n \(files.least)`"), "\(text)")
        #expect(text.contains("LimitNOFILE=\(files.least)"), "\(text)")
    }

    @Test(arguments: 1...64, [2, 40]) func aProxyKeepsFilesForItsAdminPort(_ processors: Int, _ servers: Int) throws {
        for limit in stride(from: 8, through: 20_000, by: 37) {
            guard let share = try? OpenFiles(limit: limit, processors: processors).proxyShare(servers: servers) else {
                #expect(limit < 32 + 3 * processors + 24 + servers + 24)
                continue
            }
            #expect(share.clients >= 8)
            let rest = limit - 2 * share.clients - share.idleConnections
            #expect(rest >= 32 + 3 * processors + 24 + servers, "\(limit)")
        }
    }

    @Test func manyTargetsAreSlowerAndSaySo() throws {
        let files = OpenFiles(limit: 1_024, processors: 2)
        #expect(files.scrapeConnections == 512 && files.warning(targets: 512) == nil)
        let warning = try #require(files.warning(targets: 600))
        #expect(warning.contains("600 targets share 512 connections") && warning.contains("1112"), "\(warning)")
    }
}

/// The real executable, started by a shell that has lowered the limit for good.
@Suite("A daemon with few open files", .serialized, .enabled(if: Executable.path != nil, "the executable is not built"))
struct FewOpenFilesTests {
    private static func start(_ world: LiveWorld, limit: Int) throws -> Executable {
        let line = "ulimit -n \(limit); exec \(Executable.path ?? "") run --config \(world.configurationPath)"
        return try Executable(program: "/bin/bash", ["-c", line], folder: world.folder)
    }

    @Test func doesNotStartWithTooFew() async throws {
        let world = try await LiveWorld.start()
        let daemon = try Self.start(world, limit: 48)
        let end = await daemon.end()
        #expect(end?.reason == .exit && end?.status == 3, "\(daemon.text)")
        #expect(daemon.text.contains("the limit of open files is 48") && daemon.text.contains("LimitNOFILE="))
        await daemon.kill9()
        await world.stop()
    }

    /// The fewest that it starts with are enough for a rollback, also while people hold more connections to the API than
    /// there is room for.
    @Test func rollsBackWithTheFewestThatItStartsWith() async throws {
        let world = try await LiveWorld.start()
        let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let daemon = try Self.start(world, limit: OpenFiles(limit: 0, processors: processors).least)
        var address = ""
        let isReady = await eventually {
            guard let match = daemon.text.firstMatch(of: /the API listens on ([0-9.:]+)/) else { return false }
            address = String(match.1)
            return try await HTTP.send("GET", URL(string: "http://\(address)/-/ready")!).status == 200
        }
        #expect(isReady, "\(daemon.text)")
        let idle = try (0..<200).map { _ in try IdleConnection(address) }
        await world.canary.setFault(.errors(share: 0.5))
        let isBack = await eventually { try await world.canaryBasisPoints() == 0 }
        #expect(isBack && daemon.isRunning, "\(daemon.text)")
        #expect(idle.count == 200)
        await daemon.kill9()
        await world.stop()
    }
}

/// A client that connects and says nothing.
private final class IdleConnection {
    private let descriptor: Int32

    /// - Parameter address: an IPv4 address with a port.
    init(_ address: String) throws {
        let parts = address.split(separator: ":")
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = inet_addr(String(parts[0]))
        place.sin_port = in_port_t(UInt16(parts[1]) ?? 0).bigEndian
        let result = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw CocoaError(.featureUnsupported) }
    }

    deinit { close(descriptor) }
}

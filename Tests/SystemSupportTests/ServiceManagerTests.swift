import Foundation
import Testing

@testable import SystemSupport

@Suite("The service manager")
struct ServiceManagerTests {
    @Test(arguments: [[:], ["NOTIFY_SOCKET": "relative"], ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)]])
    func isAbsentWithoutAUsableSocket(_ environment: [String: String]) {
        #expect(ServiceManager(environment: environment) == nil)
    }

    @Test func watchesOnlyTheProcessThatItNames() {
        func interval(_ pid: String?) -> Int64?? {
            var environment = ["NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "30000000"]
            environment["WATCHDOG_PID"] = pid
            return ServiceManager(environment: environment)?.watchdogMs
        }
        #expect(interval(nil) == 30_000)
        #expect(interval("\(getpid())") == 30_000)
        #expect(interval("1") == .some(nil))
    }

    /// As systemd receives it: by a path, and in the abstract namespace.
    @Test(arguments: ["/", "@"])
    func receivesDatagrams(_ kind: String) throws {
        let name = "\(NSTemporaryDirectory())rollguard-notify-\(UUID().uuidString.prefix(8))"
        let path = kind == "@" ? "@" + name : name
        let socket = try NotifySocket(path)
        let manager = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": path]))
        manager.ready(status: "watching\n2 releases")
        manager.isAlive()
        manager.reloading()
        manager.stopping()
        #expect(socket.receive() == "READY=1\nSTATUS=watching 2 releases")
        #expect(socket.receive() == "WATCHDOG=1")
        #expect(socket.receive()?.wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=\d+/) != nil)
        #expect(socket.receive() == "STOPPING=1")
        unlink(name)
    }

    @Test func aManagerThatIsGoneHoldsNothingUp() throws {
        let manager = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": "/nowhere/notify"]))
        manager.isAlive()
    }
}

/// What systemd listens on.
private final class NotifySocket {
    private let descriptor: Int32

    init(_ name: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(name.utf8)
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard bound == 0 else { throw CocoaError(.featureUnsupported) }
    }

    deinit { close(descriptor) }

    /// The next datagram; nil when none is there.
    func receive() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count >= 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}

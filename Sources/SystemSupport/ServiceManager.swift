import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// The service manager that started this process and wants to be notified (systemd's `Type=notify`).
///
/// Source: sd_notify(3): datagrams with `NAME=VALUE` lines to the unix socket that `NOTIFY_SOCKET` names.
package struct ServiceManager: Sendable {
    private let socketPath: String
    /// How long it waits for a sign of life before it restarts the process; nil when it does not watch this process.
    package let watchdogMs: Int64?

    /// Of this process; nil without one.
    package static var current: ServiceManager? { ServiceManager(environment: ProcessInfo.processInfo.environment) }

    /// - Returns: nil without a service manager.
    package init?(environment: [String: String]) {
        // sun_path of unix(7) holds 108 bytes with its end.
        guard let path = environment["NOTIFY_SOCKET"], path.hasPrefix("/") || path.hasPrefix("@"),
            path.utf8.count <= 107
        else { return nil }
        socketPath = path
        let isOurs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        watchdogMs = isOurs ? environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { max(1, $0 / 1_000) } : nil
    }

    /// The daemon takes requests.
    package func ready(status: String) { send("READY=1\nSTATUS=\(line(status))") }

    /// A reload begins; ``ready(status:)`` ends it.
    package func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send("RELOADING=1\nMONOTONIC_USEC=\(Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000)")
    }

    package func stopping() { send("STOPPING=1") }

    /// A sign of life.
    package func isAlive() { send("WATCHDOG=1") }

    private func line(_ text: String) -> String { text.split(whereSeparator: \.isNewline).joined(separator: " ") }

    /// A manager that is gone or busy must not hold up the daemon: what cannot be sent at once is left out.
    private func send(_ text: String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socketPath.utf8)
        // A name of the abstract namespace begins with a zero byte.
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bytes = Array(text.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), $0,
                    length)
            }
        }
    }
}

import DemoWorld
import Foundation
import Testing

/// The daemon as a service manager and a script see it: notifications, lines of the log, `rollguard reload`.
@Suite("A managed daemon", .enabled(if: Executable.path != nil, "the executable is not built"))
struct ServiceLifeTests {
    /// What bash offers for a line, with the script that the program makes.
    private static func completion(of line: String, daemon port: Int, folder: URL) async throws -> String {
        let script = """
            source <("$0" --generate-completion-script bash)
            COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=($1) COMP_TYPE=9
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _rollguard rollguard "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
            echo "${COMPREPLY[@]}"
            """
        let path = Executable.path ?? ""
        let search = URL(fileURLWithPath: path).deletingLastPathComponent().path + ":/usr/bin:/bin"
        let shell = try Executable(
            program: "/bin/bash", ["--norc", "-c", script, path, line], folder: folder,
            environment: ["ROLLGUARD_ADDRESS": "127.0.0.1:\(port)", "PATH": search])
        _ = await shell.end()
        return shell.text
    }

    /// systemd starts the services after it only when the API listens, and restarts a process without signs of life.
    @Test func theServiceManagerHearsOfEachStep() async throws {
        let world = try await LiveWorld.start()
        let manager = try NotifySocket(world.folder.path + "/notify")
        let daemon = try Executable(
            ["run", "--config", world.configurationPath], folder: world.folder,
            environment: ["NOTIFY_SOCKET": world.folder.path + "/notify", "WATCHDOG_USEC": "300000"])
        #expect(await manager.hears { $0.hasPrefix("READY=1\nSTATUS=watching 1 release") }, "\(daemon.text)")
        #expect(daemon.text.contains("the API listens on"), "\(daemon.text)")
        #expect(await manager.hears { $0 == "WATCHDOG=1" })
        daemon.signal(SIGHUP)
        #expect(await manager.hears { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
        #expect(await manager.hears { $0.hasPrefix("READY=1") })
        daemon.signal(SIGTERM)
        #expect(await manager.hears { $0 == "STOPPING=1" })
        #expect(await daemon.end()?.status == 0, "\(daemon.text)")
        await world.stop()
    }

    @Test func reloadsSayWhetherTheyWorkedAndWhatChanged() async throws {
        let world = try await LiveWorld.start()
        let port = try Scratch.port()
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
            .replacing("listen: 127.0.0.1:0", with: "listen: 127.0.0.1:\(port)")
        func write(_ text: String) throws {
            try text.write(toFile: world.configurationPath, atomically: true, encoding: .utf8)
        }
        try write(text)
        let daemon = try Executable(
            ["run", "--config", world.configurationPath, "--log-format", "json"], folder: world.folder)
        #expect(await eventually { daemon.text.contains("the API listens on") }, "\(daemon.text)")

        func reload() async throws -> (Int32?, String) {
            let command = try Executable(["reload", "--config", world.configurationPath], folder: world.folder)
            let end = await command.end()
            return (end?.status, command.text)
        }
        let completed = try await Self.completion(of: "rollguard rollback ch", daemon: port, folder: world.folder)
        #expect(completed == "checkout\n", "\(completed)")
        var (status, answer) = try await reload()
        #expect(status == 0 && answer.contains("reloaded: nothing has changed"), "\(answer)")
        try write(text.replacing("version: v2", with: "version: v3"))
        (status, answer) = try await reload()
        #expect(status == 0 && answer.contains("checkout: canary v2 -> v3"), "\(answer)")
        try write(text.replacing("kind: gray", with: "kind: grey"))
        let refused = try Executable(
            ["reload", "--address", "127.0.0.1:\(port)", "--socket", world.folder.path + "/state/rollguard.sock"],
            folder: world.folder)
        #expect(await refused.end()?.status == 1 && refused.text.contains("did you mean 'gray'?"), "\(refused.text)")

        daemon.signal(SIGTERM)
        #expect(await daemon.end()?.status == 0, "\(daemon.text)")
        let log = daemon.text
        await world.stop()
        let lines = log.split(separator: "\n")
        for line in lines {
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            #expect(object?["time"]?.hasSuffix("Z") == true && object?["message"] != nil, "\(line)")
        }
        #expect(
            log.contains("1 release (checkout), 2 targets, from \(world.configurationPath)"), "\(log)")
        #expect(log.contains(#""release":"checkout""#), "\(log)")
        #expect(lines.last?.contains(#""message":"stopped""#) == true, "\(log)")
    }
}

/// What systemd listens on.
private final class NotifySocket: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw CocoaError(.featureUnsupported) }
    }

    deinit { close(descriptor) }

    /// Whether such a datagram comes; others before it are left out.
    func hears(_ isWanted: (String) -> Bool) async -> Bool {
        await eventually {
            var bytes = [UInt8](repeating: 0, count: 4_096)
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return count >= 0 && isWanted(String(decoding: bytes.prefix(count), as: UTF8.self))
        }
    }
}

import Foundation
import Glibc

/// A real program on loopback, stopped by its pid.
struct RealProgram {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    private let pid: pid_t

    struct NotReady: Error { let what: String }

    /// The system's, or one that `scripts/setup.sh test` has unpacked into the checkout.
    static func path(_ name: String) -> String? {
        ["/usr/bin/", "/usr/sbin/", "\(root)/.consul/usr/bin/"].map { $0 + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    init(_ name: String, _ arguments: [String], folder: String) throws {
        guard let path = RealProgram.path(name) else { throw NotReady(what: "\(name) is not installed") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        // `env` becomes the program, in its folder.
        let texts = (["/usr/bin/env", "-C", folder, path] + arguments).map { strdup($0) }
        defer { for text in texts { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, "/usr/bin/env", &actions, nil, texts + [nil], environ)
        guard code == 0 else { throw NotReady(what: "\(path): \(String(cString: strerror(code)))") }
        self.pid = pid
    }

    func stop() {
        kill(pid, SIGKILL)
        while waitpid(pid, nil, 0) < 0, errno == EINTR {}
    }
}

import Foundation
import SystemSupport
import Testing

/// Real programs that steps talk to: where they are, and how one is run to its end.
enum LiveProgram {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    private static let expectsPrograms = ProcessInfo.processInfo.environment["ROLLGUARD_EXPECTS_PROGRAMS"] == "1"

    /// Whether its tests run: where a program is missing they are skipped, but for a run that expects all of them.
    static func isThere(_ paths: String...) -> Bool {
        expectsPrograms || paths.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static let postgres: String = {
        let folder = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return folder + "/" + (versions.max { (Int($0) ?? 0) < (Int($1) ?? 0) } ?? "none") + "/bin"
    }()

    /// Of Debian, or of the environment that `scripts/setup.sh test` makes.
    static let plans = root + "/.plans-venv/bin"

    struct Ending {
        let status: Int32
        let output: String
    }

    /// - Parameter user: by whom it is run when the tests are run by root; nil for the tests' own user.
    static func run(
        _ command: [String], as user: String? = nil, in folder: String? = nil, environment: [String: String] = [:]
    ) throws -> Ending {
        var command = command
        if let user, geteuid() == 0 {
            command = ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--init-groups"] + command
        }
        let variables = ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"].merging(environment) { $1 }
        // Not Foundation's: it waits for a server that the program leaves behind.
        let ending = try ChildProgram.run(
            command,
            in: ChildProgram.Surroundings(
                environment: variables.map { "\($0.key)=\($0.value)" }, directory: folder ?? NSTemporaryDirectory()),
            limits: ChildProgram.Limits(timeoutMs: 60_000, outputBytes: 1 << 20))
        return Ending(status: ending.status, output: ending.output)
    }

    /// The output of a program that has to end with 0.
    @discardableResult
    static func need(
        _ command: [String], as user: String? = nil, in folder: String? = nil, environment: [String: String] = [:]
    ) throws -> String {
        let ending = try run(command, as: user, in: folder, environment: environment)
        try #require(ending.status == 0, "\(command.joined(separator: " ")): \(ending.output)")
        return ending.output
    }
}

extension LiveProgram {
    static var hasMigrations: Bool {
        LivePostgres.isThere && isThere(plans + "/dbmate", plans + "/alembic", plans + "/django-admin")
    }

    static var hasBackups: Bool {
        LivePostgres.isThere
            && isThere("/usr/bin/pgbackrest", "/usr/bin/restic", "/usr/bin/sqlite3", "/usr/bin/mariadb-dump")
    }
}

/// A PostgreSQL of its own, at a socket and no port; gone with its test.
struct LivePostgres {
    let folder: String
    private let data: String

    static var isThere: Bool { LiveProgram.isThere(LiveProgram.postgres + "/initdb", "/usr/bin/psql") }

    /// - Parameter settings: lines of postgresql.conf.
    init(_ folder: TestFolder, settings: [String] = []) throws {
        self.folder = folder.path
        data = folder.path + "/data"
        chmod(folder.path, 0o777)
        let bin = LiveProgram.postgres
        try LiveProgram.need(
            [bin + "/initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"], as: "postgres")
        let own = ["listen_addresses = ''", "unix_socket_directories = '\(self.folder)'", "fsync = off"]
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: data + "/postgresql.conf"))
        try file.seekToEnd()
        try file.write(contentsOf: Data(("\n" + (own + settings).joined(separator: "\n") + "\n").utf8))
        try file.close()
        try LiveProgram.need([bin + "/pg_ctl", "-D", data, "-w", "-l", data + "/log", "start"], as: "postgres")
    }

    var dataFolder: String { data }

    func stop() {
        _ = try? LiveProgram.run(
            [LiveProgram.postgres + "/pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"], as: "postgres")
    }

    @discardableResult
    func sql(_ text: String, database: String = "postgres") throws -> String {
        try LiveProgram.need(psql(text, database: database))
    }

    /// The command of a gate.
    func psql(_ text: String, database: String) -> [String] {
        [
            "/usr/bin/psql", "-XAt", "-v", "ON_ERROR_STOP=1", "-h", folder, "-U", "postgres", "-d", database, "-c",
            text,
        ]
    }
}

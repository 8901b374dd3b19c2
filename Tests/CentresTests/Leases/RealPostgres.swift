import Foundation
import Glibc
import Model
import SystemSupport
import Testing

@testable import Leases

/// A PostgreSQL of its own on loopback, with a role that has to give its password.
struct RealPostgres {
    let folder: String
    let port: Int
    private let data: String

    private static let programs: String? = {
        let folder = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(folder)/\($0)/bin" }
            .first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
    }()

    static var isThere: Bool {
        programs != nil && RealProgram.path("psql") != nil && RealProgram.path("setpriv") != nil
    }

    static func run(_ work: (RealPostgres) async throws -> Void) async throws {
        try await Live.inFolder { folder in
            let server = try RealPostgres(folder)
            defer { server.stop() }
            try await work(server)
        }
    }

    private init(_ folder: String) throws {
        self.folder = folder
        data = folder + "/data"
        port = Live.port()
        chmod(folder, 0o777)
        let bin = try #require(Self.programs)
        try Self.need(
            [bin + "/initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"], asServer: true)
        try append(
            "postgresql.conf",
            """
            listen_addresses = '127.0.0.1'
            port = \(port)
            unix_socket_directories = '\(folder)'
            fsync = off

            """)
        try "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n".write(
            toFile: data + "/pg_hba.conf", atomically: false, encoding: .utf8)
        try start()
        try sql("create role rollguard login password 'right-secret-c0ffee'")
        try sql("create role reader login password 'right-secret-c0ffee'")
        try sql("create database rollguard owner rollguard")
    }

    private func append(_ name: String, _ text: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: data + "/" + name))
        try file.seekToEnd()
        try file.write(contentsOf: Data(("\n" + text).utf8))
        try file.close()
    }

    func start() throws { try control(["-l", data + "/log", "start"]) }

    /// As if its machine had lost its power.
    func stop() { try? control(["-m", "immediate", "stop"]) }

    /// All files of a server that is stopped, into another folder and back.
    func copy(_ from: String, _ to: String) throws {
        try Self.need(["/bin/rm", "-rf", folder + "/" + to])
        try Self.need(["/bin/cp", "-a", folder + "/" + from, folder + "/" + to])
    }

    private func control(_ arguments: [String]) throws {
        try Self.need([try #require(Self.programs) + "/pg_ctl", "-D", data, "-w"] + arguments, asServer: true)
    }

    /// As the superuser.
    @discardableResult
    func sql(_ text: String, in database: String = "postgres") throws -> String {
        try Self.need([
            "/usr/bin/psql", "-XAt", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", "\(port)", "-U", "postgres", "-d",
            database, "-c", text,
        ])
    }

    /// - Parameter port: of a pooler; nil for the server itself.
    func plan(user: String = "rollguard", secret: String = "ROOT", port: Int? = nil) -> PostgresLeasePlan {
        var plan = PostgresLeasePlan()
        // The first server is away.
        plan.endpoints = ["127.0.0.1:9", "127.0.0.1:\(port ?? self.port)"]
        (plan.user, plan.password) = (user, .environment(secret))
        return plan
    }

    func store(_ plan: PostgresLeasePlan? = nil, timeoutMs: Int64 = 20_000) -> PostgresLeaseStore {
        PostgresLeaseStore(plan: plan ?? self.plan(), label: "postgresql", setup: Live.setup, timeoutMs: timeoutMs)
    }

    /// PgBouncer in transaction mode with one connection, so that its clients share one session of the server.
    func withPooler(_ work: (Int) async throws -> Void) async throws {
        let port = Live.port()
        try """
        [databases]
        rollguard = host=127.0.0.1 port=\(self.port) dbname=rollguard pool_size=1 password=right-secret-c0ffee
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = \(port)
        unix_socket_dir =
        auth_type = plain
        auth_file = \(folder)/users.txt
        pool_mode = transaction

        """.write(toFile: folder + "/pgbouncer.ini", atomically: true, encoding: .utf8)
        try "\"rollguard\" \"right-secret-c0ffee\"\n".write(
            toFile: folder + "/users.txt", atomically: true, encoding: .utf8)
        // It does not run as root.
        let pooler = try RealProgram(
            "setpriv",
            ["--reuid=postgres", "--regid=postgres", "--clear-groups", "pgbouncer", folder + "/pgbouncer.ini"],
            folder: folder)
        defer { pooler.stop() }
        try await work(port)
    }

    @discardableResult
    private static func need(_ command: [String], asServer: Bool = false) throws -> String {
        let isRoot = geteuid() == 0 && asServer
        let user = ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        let ending = try ChildProgram.run(
            (isRoot ? user : []) + command,
            in: .init(environment: ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"], directory: "/tmp"),
            limits: .init(timeoutMs: 120_000, outputBytes: 1 << 20))
        try #require(ending.status == 0, "\(command.joined(separator: " ")): \(ending.output)")
        return ending.output
    }
}

import Foundation
import Model
import Testing

@testable import PlanSteps

/// Backups of real tools, whole and damaged: what each tool says of a damaged one is the reason for how it is asked.
@Suite(
    "Backups of real tools",
    .enabled(
        if: LiveProgram.hasBackups,
        "PostgreSQL, pgBackRest, restic, SQLite and MariaDB are needed: scripts/setup.sh test"))
struct LiveBackupTests {
    private let folder = TestFolder()

    private func run(_ work: BackupWork, environment: String? = nil) async -> StepAnswer {
        var work = work
        work.environmentFile = environment
        let step = ProcedureStep(name: "dump", work: .backup(work), timeoutMs: 60_000, isIdempotent: true)
        let call = StepCall(
            release: "checkout", incident: "checkout-1", number: 1, step: step, attempt: 1, baselineVersion: "v1",
            canaryVersion: "v2")
        return await BackupStepDriver(runs: nil).run(work, call)
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    private func files(_ name: String, _ tool: BackupWork.Tool) -> BackupWork {
        BackupWork(tool: tool, files: folder.path + "/" + name, restoreTo: "app")
    }

    /// Writes over a few bytes in the middle.
    private func damage(_ path: String, atHalf half: Double = 0.5) throws {
        var data = try bytes(path)
        let start = Int(Double(data.count) * half)
        for index in start..<min(data.count, start + 64) { data[index] ^= 0xFF }
        try data.write(to: URL(fileURLWithPath: path))
    }

    @Test func postgres() async throws {
        let conf = folder.path + "/br.conf"
        let server = try LivePostgres(
            folder,
            settings: [
                "archive_mode = on", "wal_level = replica",
                "archive_command = 'pgbackrest --config=\(conf) --stanza=main archive-push %p'",
            ])
        defer { server.stop() }
        try server.sql("create table t as select g id, md5(g::text) note from generate_series(1, 20000) g")
        try await dumps(server)
        try await baseBackups(server)
        try await backRest(server, conf)
    }

    private func dumps(_ server: LivePostgres) async throws {
        let path = folder.path + "/db-1.dump"
        try LiveProgram.need([
            LiveProgram.postgres + "/pg_dump", "-h", server.folder, "-U", "postgres", "-Fc", "-f", path, "postgres",
        ])
        let answer = await run(files("db-1.dump", .pgDump))
        guard case .verified(let found) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(found.restore == "pg_restore --clean --if-exists --exit-on-error --single-transaction -d app \(path)")
        #expect(found.takenWallMs > Int64(Date().timeIntervalSince1970 * 1_000) - 600_000)
        // The trap: the list is at the front, and a file that was cut in half has it.
        let cut = folder.path + "/cut.dump"
        let whole = try bytes(path)
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: cut))
        #expect(try LiveProgram.run(["/usr/bin/pg_restore", "-l", cut]).status == 0)
        let refused = await run(files("cut.dump", .pgDump))
        #expect(refused.name == "failed" && refused.text.contains("pg_restore ended with 1"), "\(refused)")
        // The newest counts, also when the one before is whole.
        #expect(await run(files("*.dump", .pgDump)).name == "failed")
        let plain = try folder.write("plain.dump", "create table t ();\n")
        #expect(await run(files("plain.dump", .pgDump)).name == "failed", "\(plain)")
        // A copy has a new time; the archive has the one of the dump.
        let far = [FileAttributeKey.modificationDate: Date(timeIntervalSinceNow: 86_400 * 30)]
        let copy = folder.path + "/copy.dump"
        try whole.write(to: URL(fileURLWithPath: copy))
        try FileManager.default.setAttributes(far, ofItemAtPath: copy)
        #expect(await run(files("copy.dump", .pgDump)).name == "verified")
    }

    private func baseBackups(_ server: LivePostgres) async throws {
        let path = folder.path + "/base-1"
        try LiveProgram.need(
            [
                LiveProgram.postgres + "/pg_basebackup", "-h", server.folder, "-U", "postgres", "-D", path, "-c",
                "fast", "-X",
                "stream",
            ], as: "postgres")
        let whole = await run(files("base-*", .pgBasebackup))
        #expect(whole.name == "verified" && whole.text.contains("pg_verifybackup"), "\(whole)")
        try damage(path + "/global/pg_control")
        let damaged = await run(files("base-*", .pgBasebackup))
        #expect(damaged.name == "failed" && damaged.text.contains("pg_control"), "\(damaged)")
        try FileManager.default.removeItem(atPath: path + "/backup_manifest")
        let partial = await run(files("base-*", .pgBasebackup))
        #expect(partial.name == "failed" && partial.text.contains("backup_manifest"), "\(partial)")
    }

    private func backRest(_ server: LivePostgres, _ conf: String) async throws {
        let repository = folder.path + "/repo"
        _ = try folder.write(
            "br.conf",
            """
            [global]
            repo1-path=\(repository)
            log-path=\(folder.path)
            lock-path=\(folder.path)/lock
            [main]
            pg1-path=\(server.dataFolder)
            pg1-socket-path=\(server.folder)
            """)
        chmod(conf, 0o644)
        var work = BackupWork(tool: .pgbackrest)
        (work.options, work.stanza) = (["--config=\(conf)"], "main")
        let missing = await run(work)
        #expect(missing.name == "failed" && missing.text.contains("missing stanza"), "\(missing)")
        let command = ["/usr/bin/pgbackrest", "--config=\(conf)", "--stanza=main"]
        try LiveProgram.need(command + ["stanza-create"], as: "postgres")
        let empty = await run(work)
        #expect(empty.name == "failed" && empty.text.contains("no valid backups"), "\(empty)")
        try LiveProgram.need(command + ["--type=full", "backup"], as: "postgres")
        let whole = await run(work)
        guard case .verified(let found) = whole else {
            Issue.record("\(whole)")
            return
        }
        #expect(found.restore.contains("--set=\(found.name) --delta --type=immediate"))
        let part = try #require(
            FileManager.default.enumerator(atPath: repository + "/backup/main/\(found.name)/pg_data/base")?.compactMap {
                $0 as? String
            }
            .first { $0.hasSuffix(".gz") })
        try damage(repository + "/backup/main/\(found.name)/pg_data/base/\(part)")
        // The trap: it finds the damage, and ends with 0.
        let verify = try LiveProgram.run(command + ["--log-level-console=info", "verify"], as: "postgres")
        #expect(verify.status == 0 && verify.output.contains("status: error"), "\(verify.output)")
        let damaged = await run(work)
        #expect(damaged.name == "failed" && damaged.text.contains("found damage"), "\(damaged)")
    }

    @Test func restic() async throws {
        let repository = folder.path + "/restic"
        let environment = try folder.write("restic.env", "RESTIC_PASSWORD=correct-horse\n")
        let password = ["RESTIC_PASSWORD": "correct-horse"]
        let command = ["/usr/bin/restic", "-r", repository, "--no-cache"]
        try LiveProgram.need(command + ["init"], environment: password)
        var work = BackupWork(tool: .restic, restoreTo: "/restore")
        (work.repository, work.readSubset) = (repository, "100%")
        let empty = await run(work, environment: environment)
        #expect(empty.name == "failed" && empty.text.contains("no backup at all"), "\(empty)")
        _ = try folder.write("payload", String(repeating: "payload ", count: 40_000))
        try LiveProgram.need(command + ["backup", folder.path + "/payload"], environment: password)
        let whole = await run(work, environment: environment)
        guard case .verified(let found) = whole else {
            Issue.record("\(whole)")
            return
        }
        #expect(found.sizeBytes == 320_000 && found.restore.hasSuffix("restore \(found.name) --target /restore"))
        let wrong = try folder.write("wrong.env", "RESTIC_PASSWORD=battery-staple\n")
        let refused = await run(work, environment: wrong)
        #expect(refused.name == "failed" && !refused.text.contains("battery-staple"), "\(refused)")
        let packs = try #require(
            FileManager.default.enumerator(atPath: repository + "/data")?.compactMap { $0 as? String })
        for pack in packs where pack.count > 20 {
            let path = repository + "/data/" + pack
            chmod(path, 0o600)
            try damage(path, atHalf: 0.2)
        }
        let damaged = await run(work, environment: environment)
        #expect(damaged.name == "failed", "\(damaged)")
    }

    @Test func sqlite() async throws {
        let source = folder.path + "/app.db"
        try LiveProgram.need([
            "/usr/bin/sqlite3", source,
            "create table t (id integer primary key, note text); "
                + "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) insert into t select i, hex(randomblob(20)) from n",
        ])
        let path = folder.path + "/a b%.backup"
        try LiveProgram.need(["/usr/bin/sqlite3", source, ".backup '\(path)'"])
        let whole = await run(files("*.backup", .sqlite))
        #expect(whole.name == "verified" && whole.text.contains("tables: 1"), "\(whole)")
        let kept = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(kept == ["a b%.backup", "app.db"], "nothing is written beside it")
        var data = try bytes(path)
        for page in [3, 5, 7] {
            data.replaceSubrange(page * 4_096..<(page * 4_096 + 200), with: Data(repeating: 7, count: 200))
        }
        try data.write(to: URL(fileURLWithPath: path))
        let damaged = await run(files("*.backup", .sqlite))
        #expect(damaged.name == "failed", "\(damaged)")
        // The trap: an empty file is a whole database.
        _ = try folder.write("empty.backup", "")
        #expect(
            try LiveProgram.need(["/usr/bin/sqlite3", folder.path + "/empty.backup", "pragma integrity_check"])
                == "ok\n")
        let empty = await run(files("empty.backup", .sqlite))
        #expect(empty.name == "failed" && empty.text.contains("has no table"), "\(empty)")
    }

    @Test func mariaDB() async throws {
        let data = folder.path + "/maria"
        chmod(folder.path, 0o777)
        let user = geteuid() == 0 ? ["--user=mysql"] : []
        try LiveProgram.need(
            [
                "/usr/bin/mariadb-install-db", "--no-defaults", "--datadir=\(data)",
                "--auth-root-authentication-method=normal", "--skip-test-db",
            ] + user)
        let server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/sbin/mariadbd")
        let socket = folder.path + "/m.sock"
        server.arguments =
            [
                "--no-defaults", "--datadir=\(data)", "--socket=\(socket)", "--skip-networking",
                "--pid-file=\(data)/pid",
                "--tmpdir=\(data)",
            ] + user
        server.standardOutput = FileHandle.nullDevice
        server.standardError = FileHandle.nullDevice
        try server.run()
        defer {
            server.terminate()
            server.waitUntilExit()
        }
        let client = ["/usr/bin/mariadb", "--no-defaults", "-S", socket, "-u", "root", "-e"]
        #expect(await eventually { (try? LiveProgram.run(client + ["select 1"]).status) == 0 })
        try LiveProgram.need(
            client + ["create database app; create table app.t (id int); insert into app.t values (1), (2)"])
        let path = folder.path + "/app.sql"
        try LiveProgram.need([
            "/usr/bin/mariadb-dump", "--no-defaults", "-S", socket, "-u", "root", "--single-transaction", "--routines",
            "--triggers",
            "--result-file=\(path)", "app",
        ])
        let whole = await run(files("*.sql", .mysqldump))
        #expect(whole.name == "verified" && whole.text.contains("-- Dump completed"), "\(whole)")
        let text = try bytes(path)
        try text.prefix(text.count / 2).write(to: URL(fileURLWithPath: path))
        let cut = await run(files("*.sql", .mysqldump))
        #expect(cut.name == "failed" && cut.text.contains("cut off"), "\(cut)")
    }
}

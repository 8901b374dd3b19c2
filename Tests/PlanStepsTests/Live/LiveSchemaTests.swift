import Foundation
import Model
import Testing

@testable import PlanSteps

/// The gate reads what real tools wrote into a real PostgreSQL.
@Suite(
    "Schemas of real tools",
    .enabled(if: LiveProgram.hasMigrations, "PostgreSQL, dbmate, Alembic and Django are needed: scripts/setup.sh test"))
struct LiveSchemaTests {
    private let folder = TestFolder()

    private func answers(_ gate: SchemaGate) async -> [String] {
        let report = await SchemaReader(exec: ExecStepDriver(runs: nil)).read(gate, release: "checkout")
        return ["v1", "v2"].map { gate.answer(to: report, version: $0).name }
    }

    @Test func everyToolIsReadOnOneServer() async throws {
        let server = try LivePostgres(folder)
        defer { server.stop() }
        try await dbmate(server)
        try await alembic(server)
        try await django(server)
        try await golangMigrate(server)
        try await aMigrationThatRuns(server)
        try await liquibase(server)
    }

    private func dbmate(_ server: LivePostgres) async throws {
        try server.sql("create database dbmate")
        let migrations = folder.path + "/migrations"
        try FileManager.default.createDirectory(atPath: migrations, withIntermediateDirectories: true)
        func migration(_ id: String, _ up: String) throws {
            _ = try folder.write("migrations/\(id)_x.sql", "-- migrate:up\n\(up);\n-- migrate:down\nselect 1;\n")
        }
        func up() throws {
            try LiveProgram.need([
                LiveProgram.plans + "/dbmate", "--url",
                "postgres://postgres@/dbmate?socket=\(server.folder)&sslmode=disable", "--no-dump-schema",
                "--migrations-dir", migrations, "up",
            ])
        }
        let gate = SchemaGate(
            tool: .dbmate,
            command: server.psql("select version from schema_migrations order by version", database: "dbmate"),
            fits: [
                SchemaFit(version: "v1", requires: ["20260101000000"], forbids: ["20260301000000"]),
                SchemaFit(version: "v2", requires: ["20260101000000", "20260201000000"]),
            ])
        #expect(await answers(gate) == ["absent", "absent"], "no table is an empty schema")
        try migration("20260101000000", "create table a (id int)")
        try up()
        #expect(await answers(gate) == ["fits", "absent"])
        try migration("20260201000000", "alter table a add note text")
        try up()
        #expect(await answers(gate) == ["fits", "fits"])
        try migration("20260301000000", "alter table a drop note")
        try up()
        #expect(await answers(gate) == ["contracted", "fits"])
    }

    private func alembic(_ server: LivePostgres) async throws {
        try server.sql("create database alembic")
        let project = folder.path + "/alembic"
        try LiveProgram.need([LiveProgram.plans + "/alembic", "init", project], in: folder.path)
        let environment = ["PYTHONDONTWRITEBYTECODE": "1"]
        let file = folder.path + "/alembic.ini"
        let settings = try String(contentsOfFile: file, encoding: .utf8)
        try settings.replacing(
            "driver://user:pass@localhost/dbname",
            with: "postgresql+psycopg2://postgres@/alembic?host=\(server.folder)"
        ).write(toFile: file, atomically: true, encoding: .utf8)
        func upgrade(_ id: String, after: String?) throws {
            _ = try folder.write(
                "alembic/versions/\(id).py",
                """
                revision = "\(id)"
                down_revision = \(after.map { "\"\($0)\"" } ?? "None")
                def upgrade(): pass
                def downgrade(): pass
                """)
            try LiveProgram.need(
                [LiveProgram.plans + "/alembic", "upgrade", "head"], in: folder.path, environment: environment)
        }
        // Heads alone are stored: each that a version works with is listed.
        let gate = SchemaGate(
            tool: .alembic, command: server.psql("select version_num from alembic_version", database: "alembic"),
            fits: [
                SchemaFit(version: "v1", forbids: ["c3"]), SchemaFit(version: "v2", requires: ["b2"]),
            ])
        #expect(await answers(gate) == ["fits", "absent"])
        try upgrade("a1", after: nil)
        #expect(await answers(gate) == ["fits", "absent"])
        try upgrade("b2", after: "a1")
        #expect(await answers(gate) == ["fits", "fits"])
        try upgrade("c3", after: "b2")
        #expect(await answers(gate) == ["contracted", "absent"])
    }

    private func django(_ server: LivePostgres) async throws {
        try server.sql("create database django")
        for path in ["shop/migrations"] {
            try FileManager.default.createDirectory(atPath: folder.path + "/" + path, withIntermediateDirectories: true)
        }
        for name in ["shop/__init__.py", "shop/migrations/__init__.py", "shop/models.py"] {
            _ = try folder.write(name, "")
        }
        _ = try folder.write(
            "settings.py",
            """
            SECRET_KEY = "x"
            INSTALLED_APPS = ["shop"]
            DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "django", "USER": "postgres",
                                     "HOST": "\(server.folder)"}}
            """)
        func migrate(_ name: String, after: String?) throws {
            _ = try folder.write(
                "shop/migrations/\(name).py",
                """
                from django.db import migrations
                class Migration(migrations.Migration):
                    dependencies = [\(after.map { "(\"shop\", \"\($0)\")" } ?? "")]
                    operations = [migrations.RunSQL("select 1")]
                """)
            try LiveProgram.need(
                [LiveProgram.plans + "/django-admin", "migrate", "--settings", "settings"], in: folder.path,
                environment: ["PYTHONPATH": folder.path, "PYTHONDONTWRITEBYTECODE": "1"])
        }
        let gate = SchemaGate(
            tool: .django,
            command: server.psql("select app || '.' || name from django_migrations", database: "django"),
            fits: [
                SchemaFit(version: "v1", requires: ["shop.0001_first"], forbids: ["shop.0003_drop"]),
                SchemaFit(version: "v2", requires: ["shop.0002_second"]),
            ])
        #expect(await answers(gate) == ["absent", "absent"])
        try migrate("0001_first", after: nil)
        #expect(await answers(gate) == ["fits", "absent"])
        try migrate("0002_second", after: "0001_first")
        #expect(await answers(gate) == ["fits", "fits"])
        try migrate("0003_drop", after: "0002_second")
        #expect(await answers(gate) == ["contracted", "fits"])
    }

    /// Its program is not in Debian or PyPI; its table is as its source makes it.
    private func golangMigrate(_ server: LivePostgres) async throws {
        try server.sql("create database golang")
        let gate = SchemaGate(
            command: server.psql("select version, dirty from schema_migrations limit 1", database: "golang"),
            fits: [SchemaFit(version: "v1", least: 41, most: 42), SchemaFit(version: "v2", least: 42, most: 43)])
        #expect(await answers(gate) == ["absent", "absent"])
        try server.sql(
            "create table schema_migrations (version bigint not null primary key, dirty boolean not null)",
            database: "golang")
        #expect(await answers(gate) == ["absent", "absent"])
        try server.sql("insert into schema_migrations values (42, false)", database: "golang")
        #expect(await answers(gate) == ["fits", "fits"])
        try server.sql("update schema_migrations set version = 43", database: "golang")
        #expect(await answers(gate) == ["contracted", "fits"])
        try server.sql("update schema_migrations set dirty = true", database: "golang")
        #expect(await answers(gate) == ["dirty", "dirty"])
        var away = gate
        away.command[5] = server.folder + "/no-such-socket"
        #expect(await answers(away) == ["unknown", "unknown"])
    }

    /// As golang-migrate and Rails do, by an advisory lock of a session that lives.
    private func aMigrationThatRuns(_ server: LivePostgres) async throws {
        var gate = SchemaGate(
            tool: .list, command: server.psql("select 'a'", database: "golang"),
            fits: [SchemaFit(version: "v1", requires: ["a"]), SchemaFit(version: "v2", requires: ["b"])])
        gate.running = server.psql(
            "select count(*) from pg_locks where locktype = 'advisory' and granted and database = "
                + "(select oid from pg_database where datname = current_database())", database: "golang")
        #expect(await answers(gate) == ["fits", "absent"])
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/psql")
        holder.arguments = Array(
            server.psql("select pg_advisory_lock(1); select pg_sleep(60)", database: "golang").dropFirst())
        holder.standardOutput = FileHandle.nullDevice
        holder.standardError = FileHandle.nullDevice
        try holder.run()
        var seen: [String] = []
        for _ in 0..<200 where seen != ["running", "running"] { seen = await answers(gate) }
        #expect(seen == ["running", "running"])
        holder.terminate()
        holder.waitUntilExit()
        try server.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()"
        )
        for _ in 0..<200 where seen != ["fits", "absent"] { seen = await answers(gate) }
        #expect(seen == ["fits", "absent"])
    }

    /// Its program is not in Debian or PyPI; its tables are as its documentation has them.
    private func liquibase(_ server: LivePostgres) async throws {
        try server.sql("create database liquibase")
        var gate = SchemaGate(tool: .liquibase, fits: [])
        gate.command = server.psql(
            "select id, author, filename from databasechangelog order by orderexecuted", database: "liquibase")
        gate.command += ["-c", "select 'lock', locked, lockedby, lockgranted from databasechangeloglock"]
        gate.fits = [
            SchemaFit(version: "v1", requires: ["db/changes.xml::1::ann"], forbids: ["db/changes.xml::3::ann"]),
            SchemaFit(version: "v2", requires: ["db/changes.xml::2::ann"]),
        ]
        #expect(await answers(gate) == ["absent", "absent"])
        try server.sql(
            """
            create table databasechangelog (id varchar(255) not null, author varchar(255) not null, filename varchar(255) not null,
              dateexecuted timestamp not null, orderexecuted int not null, exectype varchar(10) not null);
            create table databasechangeloglock (id int primary key, locked boolean not null, lockgranted timestamp, lockedby varchar(255));
            insert into databasechangeloglock values (1, false, null, null);
            insert into databasechangelog values ('1', 'ann', 'db/changes.xml', now(), 1, 'EXECUTED');
            """, database: "liquibase")
        #expect(await answers(gate) == ["fits", "absent"])
        try server.sql(
            "update databasechangeloglock set locked = true, lockgranted = now(), lockedby = 'build-7 (10.0.0.7)'",
            database: "liquibase")
        #expect(await answers(gate) == ["running", "running"])
        try server.sql(
            "update databasechangeloglock set locked = false; insert into databasechangelog values ('3', 'ann', 'db/changes.xml', now(), 2, 'EXECUTED')",
            database: "liquibase")
        #expect(await answers(gate) == ["contracted", "absent"])
    }
}

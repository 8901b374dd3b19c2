import Foundation
import Model
import SourceCalls
import Testing

@testable import Leases

@Suite(
    "Leases in a real PostgreSQL", .enabled(if: RealPostgres.isThere, "needs postgresql and psql"),
    .timeLimit(.minutes(5)))
struct PostgresLeaseTests {
    private static let longMs: Int64 = 600_000

    private func status(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// The tables that the server restarts with are the ones that it stopped with.
    @Test func aSessionOutlivesARestartOfTheServer() async throws {
        try await RealPostgres.run { server in
            let store = server.store()
            let session = try await store.open(name: "rg-1", status: status("one"), ttlMs: Self.longMs)
            let token = try #require(try await store.lead(LeaseScope.leader, session))
            let hold = LeaseHold(session: session, token: token)
            #expect(try await store.write("handover/checkout", status("a"), leading: hold))
            let before = try await store.view(after: nil)
            server.stop()
            await #expect(throws: SourceError.self) { try await store.view(after: before.cursor) }
            try server.start()
            #expect(try await store.renew(session, status: status("two")))
            #expect(try await store.write("handover/cart", status("b"), leading: hold))
            // Another start may be another server: everything is read again.
            let after = try await store.view(after: before.cursor)
            #expect(after.documents.map(\.path) == ["handover/checkout", "handover/cart"])
            #expect(after.leader(of: LeaseScope.leader)?.token == token)
            #expect(after.statuses == [.init(path: "rg-1", bytes: status("two"))])
            #expect(try await store.view(after: after.cursor).documents.isEmpty)
        }
    }

    /// After a restore the same numbers are given out for other documents.
    @Test func documentsOfARestoredServerAreReadAgain() async throws {
        try await RealPostgres.run { server in
            let store = server.store()
            _ = try await store.write("handover/a", status("1"), leading: nil)
            server.stop()
            try server.copy("data", "backup")
            try server.start()
            for number in 2...4 { _ = try await store.write("handover/b", status("\(number)"), leading: nil) }
            let before = try await store.view(after: nil)
            server.stop()
            try server.copy("backup", "data")
            try server.start()
            for number in 5...9 { _ = try await store.write("handover/c", status("\(number)"), leading: nil) }
            let after = try await store.view(after: before.cursor)
            #expect(after.cursor > before.cursor, "the numbers have gone past the old ones")
            #expect(after.documents.map(\.path) == ["handover/a", "handover/c"])
        }
    }

    /// The view that finds another start of the server fails in its reading of all documents: the next one must not take that start
    /// for known, or it would read the newest documents alone.
    @Test func documentsAreReadAgainAfterAViewThatFailed() async throws {
        try await RealPostgres.run { server in
            let store = server.store()
            for name in ["a", "b"] { _ = try await store.write("handover/\(name)", status(name), leading: nil) }
            let before = try await store.view(after: nil)
            server.stop()
            try server.start()
            // A document that cannot be read; the ones after the cursor can.
            try server.sql(
                """
                alter table rollguard_documents drop constraint rollguard_documents_pkey;
                alter table rollguard_documents alter column path drop not null;
                update rollguard_documents set path = null where written = 1
                """, in: "rollguard")
            await #expect(throws: SourceError.self) { try await store.view(after: before.cursor) }
            try server.sql("update rollguard_documents set path = 'handover/a' where path is null", in: "rollguard")
            #expect(
                try await store.view(after: before.cursor).documents.map(\.path) == ["handover/a", "handover/b"])
            #expect(try await store.view(after: before.cursor).documents.isEmpty)
        }
    }

    @Test func numbersThatGoBackAreFoundWithoutARestart() async throws {
        try await RealPostgres.run { server in
            let store = server.store()
            for name in ["a", "b", "c"] { _ = try await store.write("handover/\(name)", status(name), leading: nil) }
            let before = try await store.view(after: nil)
            try server.sql(
                "delete from rollguard_documents where written > 1; update rollguard_state set written = 1",
                in: "rollguard")
            let after = try await store.view(after: before.cursor)
            #expect(after.documents.map(\.path) == ["handover/a"] && after.cursor == 1)
        }
    }

    @Test func aLeadWhoseSessionHasEndedIsTakenAndItsHolderFenced() async throws {
        try await RealPostgres.run { server in
            let (first, second) = (server.store(), server.store())
            let one = try await first.open(name: "rg-1", status: status("one"), ttlMs: 6_000)
            let two = try await second.open(name: "rg-2", status: status("two"), ttlMs: Self.longMs)
            let token = try #require(try await first.lead(LeaseScope.leader, one))
            // A clock that was put back must not keep the lead for longer than the lease.
            try server.sql(
                "update rollguard_sessions set ends = ends + interval '1 hour' where replica = 'rg-1'", in: "rollguard")
            #expect(try await second.lead(LeaseScope.leader, two) == nil)
            var next: UInt64?
            try await Live.eventually {
                next = try? await second.lead(LeaseScope.leader, two)
                return next != nil
            }
            #expect(try #require(next) > token)
            #expect(try await !first.renew(one, status: status("late")))
            #expect(try await first.lead(LeaseScope.leader, one) == nil, "a session that has ended leads nothing")
            let hold = LeaseHold(session: one, token: token)
            #expect(try await !first.write("handover/checkout", status("late"), leading: hold))
            #expect(try await second.view(after: nil).documents.isEmpty)
        }
    }

    /// A lease that has ended allows nothing, also while no other replica has taken the lead.
    @Test func whatIsWrittenAfterTheEndOfALeaseIsRefused() async throws {
        try await RealPostgres.run { server in
            let store = server.store()
            let session = try await store.open(name: "rg-1", status: status("one"), ttlMs: Self.longMs)
            let token = try #require(try await store.lead(LeaseScope.leader, session))
            try server.sql("update rollguard_sessions set ends = clock_timestamp()", in: "rollguard")
            #expect(
                try await !store.write("handover/a", status("late"), leading: .init(session: session, token: token)))
            #expect(try await store.view(after: nil).leaders.isEmpty)
        }
    }

    @Test func ofManyReplicasThatWantTheLeadOneGetsIt() async throws {
        try await RealPostgres.run { server in
            let tokens = try await withThrowingTaskGroup(of: UInt64?.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let store = server.store()
                        let session = try await store.open(name: "rg-\(number)", status: [], ttlMs: Self.longMs)
                        return try await store.lead(LeaseScope.leader, session)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(tokens.compactMap(\.self).count == 1, "\(tokens)")
            #expect(try await server.store().view(after: nil).statuses.count == 8)
        }
    }

    /// Numbers that are committed out of order would be passed over.
    @Test func aReaderMissesNoDocumentOfConcurrentWriters() async throws {
        try await RealPostgres.run { server in
            let reader = server.store()
            var (cursor, seen) = (try await reader.view(after: nil).cursor, [String]())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<6 {
                    group.addTask {
                        let store = server.store()
                        for number in 0..<30 {
                            _ = try await store.write("rollback/r\(number)/rg-\(writer)", [1, 2, 3], leading: nil)
                        }
                    }
                }
                try await Live.eventually {
                    guard let view = try? await reader.view(after: cursor) else { return false }
                    cursor = view.cursor
                    seen += view.documents.map(\.path)
                    return seen.count >= 180
                }
                try await group.waitForAll()
            }
            #expect(seen.count == 180 && Set(seen).count == 180)
        }
    }

    @Test func largeDocumentsAreReadInParts() async throws {
        try await RealPostgres.run { server in
            let store = server.store()
            let body = [UInt8](repeating: 7, count: HandoverText.limitBytes)
            for number in 0..<25 {
                _ = try await store.write("handover/it's\\\(number)", body, leading: nil)
            }
            let view = try await store.view(after: nil)
            #expect(view.documents.count == 25 && view.documents.allSatisfy { $0.bytes == body })
            #expect(view.documents.first?.path == "handover/it's\\0" && view.cursor == 25)
        }
    }

    @Test func whatTheServerRefusesIsSaid() async throws {
        try await RealPostgres.run { server in
            func reason(_ plan: PostgresLeasePlan, library: String? = nil) async -> String {
                let store = PostgresLeaseStore(
                    plan: plan, label: "postgresql", setup: Live.setup, timeoutMs: 20_000, library: library)
                do throws(SourceError) {
                    _ = try await store.open(name: "rg-1", status: [], ttlMs: 10_000)
                    return "none"
                } catch { return error.reason }
            }
            let wrong = await reason(server.plan(secret: "WRONG"))
            #expect(wrong.contains("password authentication failed for user \"rollguard\""), "\(wrong)")
            #expect(wrong.contains("127.0.0.1:9") && !wrong.contains("wrong-secret"), "\(wrong)")
            // Without the right to make tables, and with tables that it may not use.
            let forbidden = await reason(server.plan(user: "reader"))
            #expect(
                forbidden.contains("the tables public.rollguard_… are absent and cannot be made: permission denied"),
                "\(forbidden)")
            _ = try await server.store().view(after: nil)
            let unusable = await reason(server.plan(user: "reader"))
            #expect(unusable.contains("permission denied for table rollguard_state (SQLSTATE 42501)"), "\(unusable)")
            var other = server.plan()
            other.schema = "absent"
            #expect(await reason(other).contains("schema \"absent\" does not exist"))
            other = server.plan()
            other.database = "absent"
            #expect(await reason(other).contains("database \"absent\" does not exist"))
            let missing = await reason(server.plan(), library: "/nonexistent/libpq.so.5")
            #expect(missing.contains("Debian package libpq5"), "\(missing)")
            try server.sql("update rollguard_state set version = 2", in: "rollguard")
            #expect(await reason(server.plan()).contains("newer version (2)"))
        }
    }

    /// A server that can only be read is no place for a lease.
    @Test func aServerThatCannotBeWrittenIsPassedOver() async throws {
        try await RealPostgres.run { server in
            _ = try await server.store().view(after: nil)
            try server.sql("alter system set default_transaction_read_only to on")
            try server.sql("select pg_reload_conf()")
            let store = server.store(timeoutMs: 5_000)
            await #expect(throws: SourceError.self) { try await store.view(after: nil) }
            try server.sql("alter system reset default_transaction_read_only")
            try server.sql("select pg_reload_conf()")
            try await Live.eventually { (try? await store.view(after: nil)) != nil }
        }
    }

    /// The tables that docs/replicas.md has are the ones that are made.
    @Test func theDocumentedStatementsAreTheOnesThatMakeTheTables() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("docs/replicas.md"), encoding: .utf8)
        let made = PostgresTables(schema: "public", prefix: "rollguard_").creation.replacing("\"", with: "")
        for statement in made.split(separator: ";").map({
            $0.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        })
        where statement.hasPrefix("create") || statement.hasPrefix("insert") {
            let plain = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(
                plain.contains(
                    statement.replacing(" if not exists", with: "").replacing(" on conflict do nothing", with: "")),
                "\(statement)")
        }
    }
}

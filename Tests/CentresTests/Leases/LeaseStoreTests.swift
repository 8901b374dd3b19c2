import Foundation
import Model
import SourceCalls
import SystemSupport
import Testing

@testable import Leases

/// What a caller may rely on, whichever store it is.
@Suite("Lease stores", .timeLimit(.minutes(5)))
struct LeaseStoreTests {
    private static let document = HandoverDocument(
        release: "checkout", token: 7, through: 12, ordinal: 3,
        entries: [
            JournalEntry(
                sequence: 11, wallMs: 1_700_000_000_000, release: "checkout", incident: nil,
                event: .began(baseline: "v1.4.2", canary: "v1.5.0")),
            JournalEntry(
                sequence: 12, wallMs: 1_700_000_001_000, release: "checkout", incident: "checkout-v1.5.0-3",
                event: .acknowledged),
        ])

    @Test func filesOfOneHost() async throws {
        try await Live.inFolder { folder in
            var plan = FileLeasePlan()
            plan.folder = folder + "/leases"
            try await holds { FileLeaseStore(plan: plan, label: "file") }
        }
    }

    @Test(.enabled(if: RealProgram.path("etcd") != nil, "needs etcd")) func aRealEtcd() async throws {
        try await RealEtcd.run { etcd in
            var plan = EtcdLeasePlan()
            // The first member is away.
            plan.endpoints = ["http://127.0.0.1:9", etcd.url]
            try await holds { EtcdLeaseStore(plan: plan, label: "etcd", setup: Live.setup, timeoutMs: 5_000) }
        }
    }

    @Test(.enabled(if: RealProgram.path("consul") != nil, "needs consul")) func aRealConsul() async throws {
        try await RealConsul.run { consul in
            var plan = ConsulLeasePlan()
            (plan.address, plan.token) = (consul.address, .environment("MASTER"))
            try await holds {
                ConsulLeaseStore(plan: plan, label: "consul", setup: Live.setup, timeoutMs: 5_000)
            }
        }
    }

    @Test(.enabled(if: RealPostgres.isThere, "needs postgresql and psql")) func aRealPostgreSQL() async throws {
        try await RealPostgres.run { server in try await holds { server.store() } }
    }

    /// Statements of all clients share one session of the server.
    @Test(
        .enabled(
            if: RealPostgres.isThere && RealProgram.path("pgbouncer") != nil, "needs postgresql, psql and pgbouncer"))
    func aPoolerInFrontOfPostgreSQL() async throws {
        try await RealPostgres.run { server in
            try await server.withPooler { port in
                let plan = server.plan(port: port)
                try await Live.eventually { (try? await server.store(plan).view(after: nil)) != nil }
                try await holds { server.store(plan) }
            }
        }
    }

    @Test func aScriptedKubernetes() async throws {
        let cluster = ScriptedCluster()
        try await holds { KubernetesLeaseTests.store(cluster, ImpatientClock()) }
    }

    /// Longer than the slowest machine takes for the test: sessions end by being closed.
    private static let ttlMs: Int64 = 600_000

    /// The same facts of every store; each replica has a store of its own.
    private func holds(_ make: () -> any LeaseStore) async throws {
        let (first, second) = (make(), make())
        let one = try await first.open(name: "rg-1", status: Array("one".utf8), ttlMs: Self.ttlMs)
        let two = try await second.open(name: "rg-2", status: Array("two".utf8), ttlMs: Self.ttlMs)
        let token = try #require(try await first.lead(LeaseScope.leader, one), "no replica leads, so the first one may")
        #expect(try await second.lead(LeaseScope.leader, two) == nil, "one leads at a time")
        let view = try await second.view(after: nil)
        let leader = view.leader(of: LeaseScope.leader)
        #expect(leader?.name == "rg-1" && leader?.session == one.id && leader?.token == token)
        #expect(view.statuses.map(\.path).sorted() == ["rg-1", "rg-2"])
        #expect(try await first.renew(one, status: Array("again".utf8)))
        try await documentsAreGuarded(first, second, LeaseHold(session: one, token: token))
        try await scopesHaveLeadersOfTheirOwn(first, second, one, two)
        // The leader goes, and what it writes after that is refused.
        await first.close(one)
        var next: UInt64?
        try await Live.eventually {
            next = try? await second.lead(LeaseScope.leader, two)
            return next != nil
        }
        #expect(try #require(next) > token, "a later leader has a higher token")
        let late = try await first.write(
            "handover/checkout", Array("late".utf8), leading: .init(session: one, token: token))
        #expect(!late, "a leader that was followed by another one writes nothing")
        await second.close(two)
    }

    /// Leads of several scopes, one of which is given up while the session is kept.
    private func scopesHaveLeadersOfTheirOwn(
        _ first: any LeaseStore, _ second: any LeaseStore, _ one: LeaseSession, _ two: LeaseSession
    ) async throws {
        let (mine, theirs) = (LeaseScope.shard(3), LeaseScope.shard(12))
        let token = try #require(try await first.lead(mine, one))
        let other = try #require(try await second.lead(theirs, two))
        #expect(try await second.lead(mine, two) == nil)
        #expect(try await first.lead(theirs, one) == nil)
        let leaders = try await first.view(after: nil).leaders
        #expect(leaders.map(\.scope) == [LeaseScope.leader, theirs, mine])
        #expect(leaders.map(\.name) == ["rg-1", "rg-2", "rg-1"] && leaders[1].token == other)

        let hold = LeaseHold(scope: mine, session: one, token: token)
        #expect(try await first.write("handover/cart", Array("cart".utf8), leading: hold))
        try await first.drop(hold)
        #expect(try await first.view(after: nil).leader(of: mine) == nil)
        let next = try #require(try await second.lead(mine, two), "a lead that was given up is free at once")
        #expect(next > token)
        #expect(try await !first.write("handover/cart", Array("late".utf8), leading: hold))
        // What is given up late takes nothing from the next leader.
        try await first.drop(hold)
        #expect(try await second.view(after: nil).leader(of: mine)?.token == next)
        #expect(try await first.renew(one, status: []), "the session is kept")
        try await second.remove(["handover/cart"])
    }

    private func documentsAreGuarded(
        _ first: any LeaseStore, _ second: any LeaseStore, _ hold: LeaseHold
    ) async throws {
        let bytes = try #require(HandoverText.encode(Self.document))
        let before = try await second.view(after: nil)
        #expect(try await first.write("handover/checkout", bytes, leading: hold))
        #expect(try await second.write("rollback/checkout/rg-2", Array("any".utf8), leading: nil))
        let after = try await second.view(after: before.cursor)
        #expect(after.documents.map(\.path).sorted() == ["handover/checkout", "rollback/checkout/rg-2"])
        let read = after.documents.first { $0.path == "handover/checkout" }.flatMap { HandoverText.document($0.bytes) }
        #expect(read == Self.document)
        try await second.remove(["rollback/checkout/rg-2", "absent"])
        #expect(try await second.view(after: nil).documents.map(\.path) == ["handover/checkout"])
    }

    @Test func aSessionThatWasClosedIsNotRenewed() async throws {
        try await Live.inFolder { folder in
            var plan = FileLeasePlan()
            plan.folder = folder
            let store = FileLeaseStore(plan: plan, label: "file")
            let session = try await store.open(name: "rg-1", status: [], ttlMs: 5_000)
            await store.close(session)
            #expect(try await !store.renew(session, status: []))
        }
    }
}

@Suite("What replicas hand over")
struct HandoverTextTests {
    @Test(arguments: [
        "", "{}", "[]", #"{"v":9,"release":"a","token":1,"through":1,"ordinal":0,"entries":[]}"#,
        #"{"v":1,"release":"a","token":1,"through":1,"ordinal":0,"entries":[{"sequence":1,"at":0,"event":"{\"unheard\":{}}"}]}"#,
    ])
    func whatThisVersionCannotReadIsLeftAlone(_ text: String) {
        #expect(HandoverText.document(Array(text.utf8)) == nil)
        #expect(HandoverText.peer(Array(text.utf8)) == nil)
    }

    @Test func sentDeliveriesAreBoundedAndKeepTheNewest() throws {
        var sent = SentDeliveries()
        sent.note((0..<700).map(String.init))
        sent.note(["699", "700"])
        #expect(sent.ids.count == 500 && sent.ids.last == "700")
        #expect(SentDeliveries(sent.encoded()) == sent)
    }
}

import Model
import SourceCalls
import Testing

@testable import Centres
@testable import Leases

/// Three members of one etcd on loopback, which are killed and started again with their data.
final class RealEtcdMembers {
    let urls = (0..<3).map { _ in "http://127.0.0.1:\(Live.port())" }
    private let peers = (0..<3).map { _ in "http://127.0.0.1:\(Live.port())" }
    private let folder: String
    private var programs: [RealProgram?] = [nil, nil, nil]

    private init(folder: String) { self.folder = folder }

    static func run(_ work: (RealEtcdMembers) async throws -> Void) async throws {
        try await Live.inFolder { folder in
            let members = RealEtcdMembers(folder: folder)
            defer { for member in 0..<3 { members.kill(member) } }
            for member in 0..<3 { try members.start(member) }
            try await members.waitForQuorum()
            try await work(members)
        }
    }

    func start(_ member: Int) throws {
        let cluster = peers.enumerated().map { "m\($0.offset)=\($0.element)" }.joined(separator: ",")
        programs[member] = try RealProgram(
            "etcd",
            [
                "--name", "m\(member)", "--data-dir", "data\(member)", "--listen-client-urls", urls[member],
                "--advertise-client-urls", urls[member], "--listen-peer-urls", peers[member],
                "--initial-advertise-peer-urls", peers[member], "--initial-cluster", cluster, "--log-level", "error",
            ], folder: folder)
    }

    func kill(_ member: Int) {
        programs[member]?.stop()
        programs[member] = nil
    }

    /// A member says that it is healthy when the cluster has agreed on something just now.
    func waitForQuorum() async throws {
        try await Live.eventually {
            for (url, program) in zip(urls, programs) where program != nil {
                if await Live.call("GET", url + "/health") != nil { return true }
            }
            return false
        }
    }
}

/// One of three members may be away. Without a quorum every call fails as an outage: none says that a session has ended or a
/// lead is lost, and none that the store is empty.
@Suite(
    "Three members of a real etcd", .enabled(if: RealProgram.path("etcd") != nil, "needs etcd"),
    .timeLimit(.minutes(5)))
struct EtcdMembersTests {
    /// Longer than the test takes.
    private static let ttlMs: Int64 = 600_000

    @Test func aLeadOutlivesAMemberAndALostQuorum() async throws {
        try await RealEtcdMembers.run { members in
            let (first, second) = (Self.store(members), Self.store(members))
            let one = try await first.open(name: "rg-1", status: Array("one".utf8), ttlMs: Self.ttlMs)
            let two = try await second.open(name: "rg-2", status: Array("two".utf8), ttlMs: Self.ttlMs)
            let token = try #require(try await first.lead(LeaseScope.leader, one))
            let hold = LeaseHold(session: one, token: token)
            #expect(try await first.write("handover/checkout", Array("1".utf8), leading: hold))

            // The member that both stores ask first.
            members.kill(0)
            try await Self.eventually { try await first.renew(one, status: Array("again".utf8)) }
            #expect(try await first.write("handover/checkout", Array("2".utf8), leading: hold))
            #expect(try await second.lead(LeaseScope.leader, two) == nil)
            try await Self.holds(second, token: token, text: "2")

            members.kill(1)
            // The member that is left finds out after a moment; a renewal of before that is no harm.
            try await Live.eventually { (try? await first.renew(one, status: [])) == nil }
            await #expect(throws: SourceError.self) { try await first.renew(one, status: []) }
            await #expect(throws: SourceError.self) {
                try await first.write("handover/checkout", Array("3".utf8), leading: hold)
            }
            await #expect(throws: SourceError.self) { try await second.lead(LeaseScope.leader, two) }
            await #expect(throws: SourceError.self) { try await second.view(after: nil) }
            await #expect(throws: SourceError.self) {
                try await second.open(name: "rg-3", status: [], ttlMs: Self.ttlMs)
            }

            try members.start(0)
            try members.start(1)
            try await members.waitForQuorum()
            try await Self.eventually { try await first.renew(one, status: Array("back".utf8)) }
            #expect(try await second.lead(LeaseScope.leader, two) == nil, "the lead was kept")
            #expect(try await first.write("handover/checkout", Array("4".utf8), leading: hold))
            try await Self.holds(second, token: token, text: "4")

            await first.close(one)
            var next: UInt64?
            try await Live.eventually {
                next = try? await second.lead(LeaseScope.leader, two)
                return next != nil
            }
            #expect(try #require(next) > token)
        }
    }

    /// A configuration is never empty because its members are away.
    @Test func aConfigurationIsReadWithOneMemberAwayAndNotWithoutAQuorum() async throws {
        try await RealEtcdMembers.run { members in
            var plan = EtcdCentrePlan()
            (plan.endpoints, plan.refreshMs) = (members.urls, 60_000)
            let centre = EtcdCentre(plan: plan, setup: Live.setup)
            let files = Live.files(["rules/a.yaml": "1"])
            _ = try await #require(centre.writer).write(Live.change(files, revision: 1, replacing: nil))
            members.kill(0)
            try await Self.eventually { try await centre.read().files.count == 2 }
            members.kill(2)
            try await Live.eventually { (try? await centre.read()) == nil }
            await #expect(throws: SourceError.self) { try await centre.read() }
            try members.start(2)
            try await Self.eventually { try await centre.read().files.count == 2 }
        }
    }

    private static func store(_ members: RealEtcdMembers) -> EtcdLeaseStore {
        var plan = EtcdLeasePlan()
        plan.endpoints = members.urls
        return EtcdLeaseStore(plan: plan, label: "etcd", setup: Live.setup, timeoutMs: 1_000)
    }

    /// Calls fail while the members that are left elect their first one; false is never right.
    private static func eventually(_ succeeds: () async throws -> Bool) async throws {
        try await Live.eventually {
            guard let answer = try? await succeeds() else { return false }
            #expect(answer)
            return true
        }
    }

    private static func holds(_ store: EtcdLeaseStore, token: UInt64, text: String) async throws {
        let view = try await store.view(after: nil)
        let leader = view.leader(of: LeaseScope.leader)
        #expect(leader?.name == "rg-1" && leader?.token == token)
        #expect(view.documents.map(\.path) == ["handover/checkout"])
        #expect(view.documents.first.map { String(decoding: $0.bytes, as: UTF8.self) } == text)
        #expect(view.statuses.map(\.path).sorted() == ["rg-1", "rg-2"])
    }
}

import Foundation
import Model
import Ports
import SourceCalls
import Synchronization
import Testing

@testable import Leases

/// Against a scripted API server; no real cluster is needed.
@Suite("Leases in Kubernetes")
struct KubernetesLeaseTests {
    private static let ttlMs: Int64 = 10_000

    static func plan() -> KubernetesLeasePlan {
        var plan = KubernetesLeasePlan()
        (plan.address, plan.namespace) = ("https://127.0.0.1:6443", "rollguard")
        plan.security.authorization = .bearer(.environment("SECRET"))
        return plan
    }

    static func store(_ cluster: any HTTPTransport, _ clock: any DaemonClock) -> KubernetesLeaseStore {
        KubernetesLeaseStore(
            plan: plan(), label: "kubernetes", setup: CentreBench.setup(cluster, clock: clock), timeoutMs: 2_000)
    }

    /// Two replicas with clocks of their own, of which the first one leads.
    private struct Pair {
        let cluster = ScriptedCluster()
        let clock = ImpatientClock()
        let first: KubernetesLeaseStore
        let second: KubernetesLeaseStore
        let one: LeaseSession
        let two: LeaseSession
        let hold: LeaseHold

        init() async throws {
            first = KubernetesLeaseTests.store(cluster, ImpatientClock())
            second = KubernetesLeaseTests.store(cluster, clock)
            one = try await first.open(name: "rg-1", status: [1], ttlMs: KubernetesLeaseTests.ttlMs)
            two = try await second.open(name: "rg-2", status: [2], ttlMs: KubernetesLeaseTests.ttlMs)
            let token = try #require(try await first.lead(LeaseScope.leader, one))
            hold = LeaseHold(session: one, token: token)
        }

        /// The second replica waits, while the first one is silent, and takes the lead.
        func takeOver() async throws -> UInt64? {
            _ = try await second.view(after: nil)
            try await clock.sleep(ms: KubernetesLeaseTests.ttlMs)
            return try await second.lead(LeaseScope.leader, two)
        }
    }

    @Test func aLeadIsTakenWhenItsSessionHasNotChangedForItsOwnTime() async throws {
        let pair = try await Pair()
        #expect(try await pair.second.view(after: nil).leader(of: LeaseScope.leader)?.name == "rg-1")
        try await pair.clock.sleep(ms: Self.ttlMs - 1)
        #expect(try await pair.second.lead(LeaseScope.leader, pair.two) == nil)
        // A renewal begins the time again, whatever the holder's wall clock says.
        #expect(try await pair.first.renew(pair.one, status: [1]))
        #expect(try await pair.second.view(after: nil).leader(of: LeaseScope.leader)?.name == "rg-1")
        try await pair.clock.sleep(ms: Self.ttlMs - 1)
        #expect(try await pair.second.lead(LeaseScope.leader, pair.two) == nil)
        try await pair.clock.sleep(ms: 1)
        #expect(try await pair.second.renew(pair.two, status: [2]))
        let view = try await pair.second.view(after: nil)
        #expect(view.leaders.isEmpty && view.statuses.map(\.path) == ["rg-2"])
        let next = try #require(try await pair.second.lead(LeaseScope.leader, pair.two))
        #expect(next > pair.hold.token)
        #expect(try await !pair.first.renew(pair.one, status: [1]), "its session was deleted")
    }

    /// The lead is not taken from a session that was renewed at the last moment.
    @Test func aRenewalBetweenTheReadingAndTheTakingKeepsTheLead() async throws {
        let pair = try await Pair()
        _ = try await pair.second.view(after: nil)
        try await pair.clock.sleep(ms: Self.ttlMs)
        let isDone = Mutex(false)
        pair.cluster.disturb { request in
            guard request.method == "DELETE", !isDone.withLock({ $0.exchanged(true) }) else { return }
            _ = try? await pair.first.renew(pair.one, status: [1])
        }
        #expect(try await pair.second.lead(LeaseScope.leader, pair.two) == nil)
        #expect(try await pair.first.renew(pair.one, status: [1]))
    }

    /// A document is a write of the leader only if the lead was its own after that.
    @Test func aWriteThatIsOvertakenIsRefused() async throws {
        let pair = try await Pair()
        let isDone = Mutex(false)
        let next = Mutex<UInt64?>(nil)
        pair.cluster.disturb { request in
            guard request.url.contains("configmaps"), request.method == "POST", !isDone.withLock({ $0.exchanged(true) })
            else { return }
            let token = try? await pair.takeOver()
            next.withLock { $0 = token ?? nil }
        }
        #expect(try await !pair.first.write("handover/checkout", [1], leading: pair.hold))
        let token = try #require(next.withLock { $0 })
        // The next leader replaces what was refused, and after that the late one changes nothing any more.
        let hold = LeaseHold(session: pair.two, token: token)
        #expect(try await pair.second.write("handover/checkout", [2], leading: hold))
        #expect(try await !pair.first.write("handover/checkout", [3], leading: pair.hold))
        #expect(try await pair.second.view(after: nil).documents == [.init(path: "handover/checkout", bytes: [2])])
    }

    /// Between its reading and its writing of the document another leader has written it.
    @Test func aDocumentOfALaterLeaderIsNotReplaced() async throws {
        let pair = try await Pair()
        #expect(try await pair.first.write("handover/checkout", [1], leading: pair.hold))
        let isDone = Mutex(false)
        pair.cluster.disturb { request in
            guard request.url.contains("configmaps"), request.method == "PUT", !isDone.withLock({ $0.exchanged(true) })
            else { return }
            guard let token = try? await pair.takeOver() else { return }
            _ = try? await pair.second.write(
                "handover/checkout", [2], leading: LeaseHold(session: pair.two, token: token))
        }
        #expect(try await !pair.first.write("handover/checkout", [3], leading: pair.hold))
        #expect(try await pair.second.view(after: nil).documents == [.init(path: "handover/checkout", bytes: [2])])
    }

    @Test func aLeaseThatWasDeletedBeginsAboveTheTokensOfDocuments() async throws {
        let pair = try await Pair()
        var hold = pair.hold
        for _ in 0..<3 {
            try await pair.first.drop(hold)
            hold = LeaseHold(
                session: pair.one, token: try #require(try await pair.first.lead(LeaseScope.leader, pair.one)))
        }
        #expect(try await pair.first.write("handover/checkout", [1], leading: hold))
        _ = await pair.cluster.deleted("/apis/coordination.k8s.io/v1/namespaces/rollguard/leases/rollguard-lead-leader")
        _ = try await pair.second.view(after: nil)
        #expect(try #require(try await pair.second.lead(LeaseScope.leader, pair.two)) > hold.token)
    }

    @Test func manyDocumentsAreReadInPartsAndThenTheChangedOnesAlone() async throws {
        let pair = try await Pair()
        for number in 0..<620 { _ = try await pair.first.write("handover/r\(number)", [1], leading: nil) }
        let all = try await pair.second.view(after: nil)
        #expect(all.documents.count == 620 && all.documents.last?.path == "handover/r619")
        _ = try await pair.first.write("handover/r3", [2], leading: nil)
        try await pair.first.remove(["handover/r4", "absent"])
        let before = pair.cluster.requests.count
        let changed = try await pair.second.view(after: all.cursor)
        #expect(changed.documents == [.init(path: "handover/r3", bytes: [2])])
        #expect(pair.cluster.requests.count - before == 4, "the leases, two parts of metadata, and one document")
        // A view that was lost is given again.
        #expect(try await pair.second.view(after: all.cursor).documents == changed.documents)
        #expect(try await pair.second.view(after: changed.cursor).documents.isEmpty)
        #expect(try await pair.second.view(after: nil).documents.count == 619)
    }

    @Test func sessionsOfReplicasThatWereKilledAreRemovedInTime() async throws {
        let pair = try await Pair()
        _ = try await pair.second.view(after: nil)
        try await pair.clock.sleep(ms: 3 * Self.ttlMs)
        #expect(try await pair.second.renew(pair.two, status: [2]))
        _ = try await pair.second.view(after: nil)
        #expect(pair.cluster.names("leases").count == 2, "the lead, and the session of the second replica")
    }

    /// A slow server must not cost the lease: a renewal is two requests, and a view deletes one session at most.
    @Test func aRenewalWaitsForNoDeletion() async throws {
        let pair = try await Pair()
        for number in 3...5 { _ = try await pair.first.open(name: "rg-\(number)", status: [], ttlMs: Self.ttlMs) }
        _ = try await pair.second.view(after: nil)
        try await pair.clock.sleep(ms: 3 * Self.ttlMs)
        for left in [5, 4, 3] {
            let before = pair.cluster.requests.count
            #expect(try await pair.second.renew(pair.two, status: [2]))
            #expect(pair.cluster.requests.count - before == 2)
            _ = try await pair.second.view(after: nil)
            #expect(pair.cluster.names("leases").count == left, "the lead and the sessions that are left")
            try await pair.clock.sleep(ms: 5_000)
        }
    }

    @Test func aRefusalNamesWhatTheServerSays() async throws {
        let forbidden = ScriptedTransport { _ in
            .reply(
                #"{"kind":"Status","status":"Failure","message":"leases.coordination.k8s.io is forbidden: User \"system:serviceaccount:rollguard:default\" cannot create resource \"leases\" in API group \"coordination.k8s.io\"","reason":"Forbidden","code":403}"#,
                status: 403)
        }
        let store = Self.store(forbidden, ImpatientClock())
        await #expect {
            _ = try await store.open(name: "rg-1", status: [], ttlMs: Self.ttlMs)
        } throws: { error in
            "\((error as? SourceError)?.reason ?? "")".contains("status 403: leases.coordination.k8s.io is forbidden")
        }
    }

    /// The file with the token is replaced every hour.
    @Test func anAnswerOf401IsAskedForOnceMore() async throws {
        let cluster = ScriptedCluster()
        let isDone = Mutex(false)
        let transport = ScriptedRelay(cluster) { _ in
            isDone.withLock { $0.exchanged(true) } ? nil : HTTPResponse(status: 401)
        }
        _ = try await Self.store(transport, ImpatientClock()).open(name: "rg-1", status: [], ttlMs: Self.ttlMs)
        #expect(cluster.names("leases").count == 1)
    }

    /// `+`, capitals and long names included: each path has a name of its own, which is valid.
    @Test func everyPathHasAValidNameOfItsOwn() throws {
        let names = KubernetesNames(prefix: "rollguard")
        let long = String(repeating: "Z", count: 60)
        let paths = [
            "sent", "handover/checkout", "handover/Checkout", "handover-checkout", "handover.checkout", "handover/-a",
            "handover/a-", "handover/_", "handover//a", "rollback/\(long)/\(long)", "rollback/\(long)/\(long)y", "é",
            "",
        ]
        let made = try paths.map { try #require(names.document($0)) }
        #expect(Set(made).count == paths.count)
        #expect(made.allSatisfy { ScriptedCluster.isValid($0) }, "\(made)")
        #expect(names.document("handover/checkout") == "rollguard-document-handover.checkout")
        #expect(names.document(String(repeating: "Z", count: 200)) == nil)
    }
}

extension Bool {
    fileprivate mutating func exchanged(_ next: Bool) -> Bool {
        defer { self = next }
        return self
    }
}

extension ScriptedCluster {
    func deleted(_ path: String) async -> Bool {
        var request = HTTPRequest(method: "DELETE", url: "https://127.0.0.1:6443" + path)
        request.security.authorization = .bearer(.environment("SECRET"))
        return (try? await send(request))?.status == 200
    }
}

/// Answers some requests itself.
private final class ScriptedRelay: HTTPTransport {
    private let inner: any HTTPTransport
    private let answer: @Sendable (HTTPRequest) -> HTTPResponse?

    init(_ inner: any HTTPTransport, _ answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse?) {
        (self.inner, self.answer) = (inner, answer)
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        if let response = answer(request) { return response }
        return try await inner.send(request)
    }
}

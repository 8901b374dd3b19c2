import Foundation
import Model
import Ports
import SourceCalls
import Synchronization

/// Sessions and leads in Leases of Kubernetes, documents in ConfigMaps.
///
/// - A session is a Lease of its own, which its replica renews. It has ended when it has not changed for its duration by the clock of
///   the replica that reads it; that one deletes it, if it is still the version that it saw, before it takes the lead from it.
/// - A lead is a Lease that names the session which has it; `leaseTransitions` is the fencing token.
/// - A document is a ConfigMap with the token of the leader that wrote it; one with a higher token is not replaced. Two objects
///   cannot be changed in one transaction, so a leader that has written a document writes into its lead after that, if that Lease is
///   still the one which names its session. Only then it counts as written. The next leader takes the lead by a change of the same Lease, so
///   it reads after that all that counts; it may also read a document that was refused at the last moment.
///
/// Sources: Kubernetes' documentation, "Leases" and "Kubernetes API Concepts"; its API reference.
final class KubernetesLeaseStore: LeaseStore {
    private static let conflictLimit = 5
    /// Between two deletions of sessions that were left behind.
    private static let sweepPauseMs: Int64 = 5_000

    private struct State {
        var watch = LeaseWatch()
        var forgotten: [KubernetesMetadata] = []
        var nextSweepUptimeMs: Int64 = 0
        var renewals: Int64 = 0
    }

    let label: String
    private let names: KubernetesNames
    private let namespace: String
    private let cluster: KubernetesCluster
    private let documents: KubernetesDocuments
    private let clock: any DaemonClock
    private let state = Mutex(State())

    init(plan: KubernetesLeasePlan, label: String, setup: CallSetup, timeoutMs: Int64) {
        self.label = label
        names = KubernetesNames(prefix: plan.prefix)
        namespace = plan.namespace
        clock = setup.clock
        cluster = KubernetesCluster(
            server: SourceServer(plan.address, security: plan.security, setup: setup), namespace: plan.namespace,
            timeoutMs: timeoutMs)
        documents = KubernetesDocuments(names: names, namespace: plan.namespace, cluster: cluster)
    }

    // MARK: Sessions

    func open(name: String, status: [UInt8], ttlMs: Int64) async throws(SourceError) -> LeaseSession {
        let id = UUID().uuidString.lowercased()
        var lease = KubernetesLease(metadata: metadata(names.session(id), KubernetesNames.session))
        lease.metadata.annotations = [KubernetesNames.replica: name]
        lease.spec = .init(
            holderIdentity: name, leaseDurationSeconds: Int((ttlMs + 999) / 1_000), acquireTime: time(),
            leaseTransitions: 0)
        take(status, into: &lease)
        guard case .done = try await cluster.create(lease) else {
            throw SourceError("the Lease \(lease.metadata.name) is there already")
        }
        return LeaseSession(id: id, name: name)
    }

    func renew(_ session: LeaseSession, status: [UInt8]) async throws(SourceError) -> Bool {
        for _ in 0..<Self.conflictLimit {
            guard var lease = try await cluster.lease(names.session(session.id)) else { return false }
            take(status, into: &lease)
            switch try await cluster.replace(lease) {
            case .done: return true
            case .absent: return false
            case .conflict: continue
            }
        }
        throw SourceError("another client changes the Lease \(names.session(session.id)) all the time")
    }

    func close(_ session: LeaseSession) async {
        _ = try? await cluster.deleteLease(names.session(session.id), ifStill: nil)
    }

    private func take(_ status: [UInt8], into lease: inout KubernetesLease) {
        lease.spec?.renewTime = time()
        lease.metadata.annotations?[KubernetesNames.status] = Data(status).base64EncodedString()
    }

    /// Of replicas that were killed long ago. One deletion at a time, and never in the way of a renewal: a server that answers slowly
    /// must not cost the lease.
    private func sweep() async {
        let now = clock.now.uptimeMs
        let next: KubernetesMetadata? = state.withLock { state in
            guard now >= state.nextSweepUptimeMs, let first = state.forgotten.first else { return nil }
            state.nextSweepUptimeMs = now + Self.sweepPauseMs
            return first
        }
        guard let next else { return }
        _ = try? await cluster.deleteLease(next.name, ifStill: next)
    }

    /// By this host's wall clock, for people who read it. Always another one: a write that changes nothing leaves the version as it is.
    private func time() -> String {
        let renewals = state.withLock { state in
            state.renewals = (state.renewals + 1) % 1_000
            return state.renewals
        }
        let wallMs = clock.wallMs
        let seconds = Date.ISO8601FormatStyle().format(Date(timeIntervalSince1970: Double(wallMs / 1_000)))
        let micros = String(1_000_000 + wallMs % 1_000 * 1_000 + renewals).dropFirst()
        return "\(seconds.dropLast()).\(micros)Z"
    }

    private func metadata(_ name: String, _ part: String) -> KubernetesMetadata {
        KubernetesMetadata(name: name, namespace: namespace, labels: names.labels(part))
    }

    // MARK: The lead

    func lead(_ scope: String, _ session: LeaseSession) async throws(SourceError) -> UInt64? {
        let name = try leadName(scope)
        guard try await cluster.lease(names.session(session.id)) != nil else { return nil }
        guard let lead = try await cluster.lease(name) else { return try await createLead(name, scope, session) }
        let holder = lead.metadata.annotations?[KubernetesNames.holder] ?? ""
        if holder == session.id { return token(lead) }
        guard try await ended(holder) else { return nil }
        let next = held(lead, by: session, token: max(token(lead), documents.highestToken) + 1)
        guard case .done(let taken) = try await cluster.replace(next) else { return nil }
        return token(taken)
    }

    /// Above all tokens that were seen: the Lease may have been deleted.
    private func createLead(
        _ name: String, _ scope: String, _ session: LeaseSession
    ) async throws(SourceError) -> UInt64? {
        var lease = KubernetesLease(metadata: metadata(name, KubernetesNames.lead))
        lease.metadata.annotations = [KubernetesNames.scope: scope]
        let first = held(lease, by: session, token: documents.highestToken + 1)
        guard case .done(let taken) = try await cluster.create(first) else { return nil }
        return token(taken)
    }

    /// - Returns: false while the session lasts.
    private func ended(_ session: String) async throws(SourceError) -> Bool {
        let name = names.session(session)
        guard !session.isEmpty, let lease = try await cluster.lease(name) else { return true }
        let now = clock.now.uptimeMs
        guard !state.withLock({ $0.watch.isAlive(lease, nowUptimeMs: now) }) else { return false }
        // It cannot be renewed any more after that.
        if case .conflict = try await cluster.deleteLease(name, ifStill: lease.metadata) { return false }
        return true
    }

    private func held(_ lease: KubernetesLease, by session: LeaseSession, token: UInt64) -> KubernetesLease {
        var lease = lease
        let now = time()
        lease.spec = .init(
            holderIdentity: session.name, leaseDurationSeconds: lease.spec?.leaseDurationSeconds, acquireTime: now,
            renewTime: now, leaseTransitions: Int(token))
        lease.metadata.annotations = (lease.metadata.annotations ?? [:]).merging(
            [KubernetesNames.holder: session.id, KubernetesNames.replica: session.name]) { $1 }
        return lease
    }

    private func token(_ lease: KubernetesLease) -> UInt64 { UInt64(clamping: lease.spec?.leaseTransitions ?? 0) }

    private func leadName(_ scope: String) throws(SourceError) -> String {
        guard let name = names.lead(scope) else { throw SourceError("\(scope) is too long for a name in Kubernetes") }
        return name
    }

    func drop(_ hold: LeaseHold) async throws(SourceError) {
        _ = try await change(hold) { lead in
            lead.spec?.holderIdentity = ""
            lead.metadata.annotations?[KubernetesNames.holder] = ""
        }
    }

    /// Changes the Lease of a lead, if it is still the session's: no other replica has taken it up to now.
    ///
    /// - Returns: false when another one has.
    private func change(
        _ hold: LeaseHold, _ change: (inout KubernetesLease) -> Void
    ) async throws(SourceError) -> Bool {
        let name = try leadName(hold.scope)
        for _ in 0..<Self.conflictLimit {
            guard var lead = try await cluster.lease(name),
                lead.metadata.annotations?[KubernetesNames.holder] == hold.session.id, token(lead) == hold.token
            else { return false }
            change(&lead)
            switch try await cluster.replace(lead) {
            case .done: return true
            case .absent: return false
            case .conflict: continue
            }
        }
        throw SourceError("another client changes the Lease \(name) all the time")
    }

    // MARK: Documents

    func view(after cursor: UInt64?) async throws(SourceError) -> LeaseView {
        let leases = try await cluster.leases(names.selector(nil))
        // After the leads: all that counts as written before a lead was taken is among them.
        let (documents, next) = try await documents.read(after: cursor)
        var view = LeaseView(cursor: next)
        view.documents = documents
        let alive = living(leases)
        view.statuses = alive.values.sorted { $0.replica < $1.replica }.compactMap { lease in
            let status = lease.metadata.annotations?[KubernetesNames.status]
            return status.flatMap { Data(base64Encoded: $0) }.map { .init(path: lease.replica, bytes: Array($0)) }
        }
        for lease in leases where lease.isPart(KubernetesNames.lead) {
            guard let holder = lease.metadata.annotations?[KubernetesNames.holder], alive[holder] != nil else {
                continue
            }
            let scope = lease.metadata.annotations?[KubernetesNames.scope] ?? ""
            view.leaders.append(.init(scope: scope, name: lease.replica, session: holder, token: token(lease)))
        }
        view.leaders.sort { $0.scope < $1.scope }
        await sweep()
        return view
    }

    /// Sessions that last, by their ids.
    private func living(_ leases: [KubernetesLease]) -> [String: KubernetesLease] {
        let now = clock.now.uptimeMs
        let sessions = leases.filter { $0.isPart(KubernetesNames.session) }
        let alive = state.withLock { state in
            state.watch.keep(Set(leases.map(\.metadata.name)))
            state.forgotten = sessions.filter { state.watch.isForgotten($0, nowUptimeMs: now) }.map(\.metadata)
            return sessions.filter { state.watch.isAlive($0, nowUptimeMs: now) }
        }
        let begin = names.session("").count
        return Dictionary(alive.map { (String($0.metadata.name.dropFirst(begin)), $0) }) { one, _ in one }
    }

    /// A document is there before it counts; a leader that has lost its lead hears that it does not.
    func write(_ path: String, _ bytes: [UInt8], leading hold: LeaseHold?) async throws(SourceError) -> Bool {
        let mark = UUID().uuidString.lowercased()
        guard let hold else { return try await documents.put(path, bytes, mark: mark, lead: nil) }
        guard try await cluster.lease(names.session(hold.session.id)) != nil else { return false }
        let lead = KubernetesDocuments.Lead(scope: hold.scope, token: hold.token)
        guard try await documents.put(path, bytes, mark: mark, lead: lead) else { return false }
        return try await change(hold) { $0.metadata.annotations?[KubernetesNames.write] = mark }
    }

    func remove(_ paths: [String]) async throws(SourceError) { try await documents.remove(paths) }
}

extension KubernetesLease {
    fileprivate func isPart(_ part: String) -> Bool { metadata.labels?[KubernetesNames.partLabel] == part }

    /// Of the replica whose session or lead it is.
    fileprivate var replica: String { metadata.annotations?[KubernetesNames.replica] ?? "" }
}

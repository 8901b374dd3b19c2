import Leases
import Model

/// What a lease store holds, as exact as the real ones: sessions end, the lead is created once, guarded writes compare.
///
/// Used on the world's thread alone.
final class LeaseRecords: @unchecked Sendable {
    struct Session {
        let id: String
        let name: String
        var endsMs: Int64
        var status: [UInt8]
    }

    /// What survives in a backup: what the sessions hold does not.
    struct Backup {
        fileprivate var documents: [(path: String, bytes: [UInt8], revision: UInt64)]
        fileprivate var revision: UInt64
    }

    /// In the order in which they began.
    private(set) var sessions: [Session] = []
    /// By the names of their scopes.
    private var leaders: [LeaseView.Leader] = []
    /// In the order in which they were written.
    private var documents: [(path: String, bytes: [UInt8], revision: UInt64)] = []
    private var revision: UInt64 = 1
    /// Not restored by a backup: ids of sessions are random numbers in a real store.
    private var lastSession = 0

    /// Sessions whose time is over are gone, and the lead with them.
    func advance(toMs now: Int64) {
        sessions.removeAll { $0.endsMs <= now }
        leaders.removeAll { session($0.session) == nil }
    }

    private func session(_ id: String) -> Session? { sessions.first { $0.id == id } }

    /// Of all replicas; nil while none leads.
    var leader: LeaseView.Leader? { leader(of: LeaseScope.leader) }

    private func leader(of scope: String) -> LeaseView.Leader? { leaders.first { $0.scope == scope } }

    /// When the session of the leader ends; nil while no replica leads.
    var leadEndsMs: Int64? { leader.flatMap { session($0.session)?.endsMs } }

    /// Of the replica that leads; nil while none does.
    var leadingMachine: Int? { leader.flatMap { LeaseWorld.machine(named: $0.name) } }

    func document(_ path: String) -> [UInt8]? { documents.first { $0.path == path }?.bytes }

    func open(name: String, status: [UInt8], untilMs: Int64) -> LeaseSession {
        lastSession += 1
        sessions.append(Session(id: "s\(lastSession)", name: name, endsMs: untilMs, status: status))
        return LeaseSession(id: "s\(lastSession)", name: name)
    }

    func renew(_ session: LeaseSession, status: [UInt8], untilMs: Int64) -> Bool {
        guard let index = sessions.firstIndex(where: { $0.id == session.id }) else { return false }
        sessions[index].endsMs = untilMs
        sessions[index].status = status
        return true
    }

    func close(_ session: LeaseSession) {
        sessions.removeAll { $0.id == session.id }
        leaders.removeAll { $0.session == session.id }
    }

    func lead(_ scope: String, _ session: LeaseSession) -> UInt64? {
        guard leader(of: scope) == nil, self.session(session.id) != nil else { return nil }
        revision += 1
        leaders.append(LeaseView.Leader(scope: scope, name: session.name, session: session.id, token: revision))
        leaders.sort { $0.scope < $1.scope }
        return revision
    }

    func drop(_ hold: LeaseHold) { leaders.removeAll { isHeld($0, by: hold) } }

    private func isHeld(_ leader: LeaseView.Leader, by hold: LeaseHold) -> Bool {
        leader.scope == hold.scope && leader.session == hold.session.id && leader.token == hold.token
    }

    func view(after cursor: UInt64?) -> LeaseView {
        var view = LeaseView(cursor: revision)
        view.leaders = leaders
        view.statuses = sessions.map { LeaseView.Document(path: $0.name, bytes: $0.status) }
            .sorted { $0.path < $1.path }
        // A cursor from before a backup was restored means nothing any more.
        let known = cursor.map { $0 > revision ? 0 : $0 } ?? 0
        view.documents = documents.filter { $0.revision > known }
            .map { LeaseView.Document(path: $0.path, bytes: $0.bytes) }
        return view
    }

    func write(_ path: String, _ bytes: [UInt8], leading hold: LeaseHold?) -> Bool {
        if let hold, !leaders.contains(where: { isHeld($0, by: hold) }) { return false }
        revision += 1
        documents.removeAll { $0.path == path }
        documents.append((path, bytes, revision))
        return true
    }

    func remove(_ paths: [String]) {
        let count = documents.count
        documents.removeAll { paths.contains($0.path) }
        if documents.count < count { revision += 1 }
    }

    var backup: Backup { Backup(documents: documents, revision: revision) }

    func restore(_ backup: Backup) {
        (documents, revision) = (backup.documents, backup.revision)
        (sessions, leaders) = ([], [])
    }
}

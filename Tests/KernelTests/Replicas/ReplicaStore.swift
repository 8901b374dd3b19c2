import Leases
import Model

/// A lease store in virtual time, as exact as the real ones: sessions end, the lead is created once, guarded writes compare.
struct ReplicaStore {
    struct Session {
        let name: String
        var endsMs: Int64
    }

    struct Leader: Equatable {
        let name: String
        let session: Int
        let token: UInt64
    }

    private(set) var sessions: [Int: Session] = [:]
    private(set) var leader: Leader?
    private(set) var documents: [(revision: UInt64, document: HandoverDocument)] = []
    private(set) var records: [(revision: UInt64, peer: PeerRollback)] = []
    /// What operators have ordered, by the names of the replicas.
    private(set) var operators: [String: (revision: UInt64, bytes: [UInt8])] = [:]
    /// By the names of the replicas, as long as their sessions last.
    private(set) var statuses: [String: [UInt8]] = [:]
    /// By the names of the replicas, as their statuses say.
    var highestTokens: [String: UInt64] = [:]
    private var revision: UInt64 = 1
    private var lastSession = 0
    let ttlMs: Int64

    init(ttlMs: Int64) { self.ttlMs = ttlMs }

    /// Sessions whose time is over are gone, and the lead with them.
    mutating func advance(toMs now: Int64) {
        sessions = sessions.filter { $0.value.endsMs > now }
        if let leader, sessions[leader.session] == nil { self.leader = nil }
        let present = Set(sessions.values.map(\.name))
        statuses = statuses.filter { present.contains($0.key) }
    }

    mutating func show(_ status: ReplicaStatus, of name: String) { statuses[name] = status.encoded() }

    mutating func write(_ acts: OperatorActs, by name: String) {
        revision += 1
        operators[name] = (revision, OperatorActsText.encode(acts) ?? [])
    }

    mutating func open(_ name: String, atMs now: Int64) -> Int {
        lastSession += 1
        sessions[lastSession] = Session(name: name, endsMs: now + ttlMs)
        return lastSession
    }

    mutating func renew(_ session: Int, atMs now: Int64) -> Bool {
        guard sessions[session] != nil else { return false }
        sessions[session]?.endsMs = now + ttlMs
        return true
    }

    mutating func lead(_ session: Int) -> UInt64? {
        guard leader == nil, let name = sessions[session]?.name else { return nil }
        revision += 1
        leader = Leader(name: name, session: session, token: revision)
        return revision
    }

    /// - Returns: false when the token has not the lead any more.
    mutating func write(_ document: HandoverDocument, token: UInt64) -> Bool {
        guard leader?.token == token else { return false }
        revision += 1
        documents.removeAll { $0.document.release == document.release }
        documents.append((revision, document))
        return true
    }

    mutating func write(_ peer: PeerRollback) {
        revision += 1
        records.removeAll { $0.peer.replica == peer.replica }
        records.append((revision, peer))
    }

    /// What an older copy of it held; the sessions are gone.
    mutating func restore(_ backup: ReplicaStore) {
        self = backup
        (sessions, leader) = ([:], nil)
    }

    var cursor: UInt64 { revision }
}

import Model

/// The lease store of a fleet in virtual time: sessions end and their leads with them, a lead is created once, a guarded write
/// compares the lead of its scope.
struct FleetStore {
    struct Session {
        let name: String
        var endsMs: Int64
    }

    struct Lead: Equatable {
        let name: String
        let session: Int
        let token: UInt64
    }

    /// What a member says of itself; gone with its session.
    struct Status {
        let session: Int
        var watched: Set<Int>
        var ready: Set<Int>
    }

    private(set) var sessions: [Int: Session] = [:]
    private(set) var leads: [String: Lead] = [:]
    private(set) var documents: [(revision: UInt64, document: HandoverDocument)] = []
    private(set) var records: [(revision: UInt64, peer: PeerRollback)] = []
    private(set) var assignment: FleetAssignment?
    private var statuses: [String: Status] = [:]
    private(set) var revision: UInt64 = 1
    private var lastSession = 0

    mutating func advance(toMs now: Int64) {
        sessions = sessions.filter { $0.value.endsMs > now }
        leads = leads.filter { sessions[$0.value.session] != nil }
        statuses = statuses.filter { sessions[$0.value.session] != nil }
    }

    mutating func open(_ name: String, atMs now: Int64) -> Int {
        lastSession += 1
        sessions[lastSession] = Session(name: name, endsMs: now + FleetWorld.ttlMs)
        return lastSession
    }

    mutating func renew(_ session: Int, atMs now: Int64) -> Bool {
        guard sessions[session] != nil else { return false }
        sessions[session]?.endsMs = now + FleetWorld.ttlMs
        return true
    }

    /// A member that ends in order.
    mutating func close(_ session: Int) {
        sessions[session] = nil
        advance(toMs: .min)
    }

    mutating func lead(_ scope: String, _ session: Int) -> UInt64? {
        guard leads[scope] == nil, let name = sessions[session]?.name else { return nil }
        revision += 1
        leads[scope] = Lead(name: name, session: session, token: revision)
        return revision
    }

    mutating func giveBack(_ scope: String, token: UInt64) {
        if leads[scope]?.token == token { leads[scope] = nil }
    }

    /// - Returns: false when the token has not the lead of the scope any more.
    mutating func write(_ document: HandoverDocument, scope: String, token: UInt64) -> Bool {
        guard leads[scope]?.token == token else { return false }
        revision += 1
        documents.removeAll { $0.document.release == document.release }
        documents.append((revision, document))
        return true
    }

    mutating func write(_ peer: PeerRollback) {
        revision += 1
        records.removeAll { $0.peer.replica == peer.replica && $0.peer.entry.release == peer.entry.release }
        records.append((revision, peer))
    }

    mutating func write(_ next: FleetAssignment, token: UInt64) {
        guard leads[LeaseScope.leader]?.token == token else { return }
        assignment = next
    }

    mutating func write(_ status: Status, of name: String) { statuses[name] = status }

    func document(of release: String) -> HandoverDocument? {
        documents.first { $0.document.release == release }?.document
    }

    func status(of name: String) -> Status? { statuses[name] }

    var members: [String] { Set(sessions.values.map(\.name)).sorted() }
}

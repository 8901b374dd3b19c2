import Model
package import SourceCalls

/// Where replicas agree on their leader, and hand over what the next leader has to know.
///
/// A store has three kinds of keys: leads, a status of each replica, and documents. The first two are there as long as the
/// session of their replica is; a document stays until it is removed. A lead has a scope (`LeaseScope`): one replica has it at a
/// time, and one replica may have those of several scopes. No caller waits for a store in the way of a rollback.
package protocol LeaseStore: Sendable {
    /// `etcd:/rollguard-replicas/v1/`
    var label: String { get }

    /// Begins a session with the replica's status in it.
    ///
    /// - Returns: the session, which ends `ttlMs` after its last renewal.
    func open(name: String, status: [UInt8], ttlMs: Int64) async throws(SourceError) -> LeaseSession

    /// Renews the session and replaces the replica's status.
    ///
    /// - Returns: false when the session has ended: another one is needed.
    func renew(_ session: LeaseSession, status: [UInt8]) async throws(SourceError) -> Bool

    /// Ends a session at once, so that another replica need not wait for its end.
    func close(_ session: LeaseSession) async

    /// Takes the lead of a scope if no replica has it.
    ///
    /// - Returns: the fencing token of the lead, which grows from leader to leader of the scope; nil when another replica has it.
    func lead(_ scope: String, _ session: LeaseSession) async throws(SourceError) -> UInt64?

    /// Gives a lead up and keeps the session: another replica may take it at once. One that is lost already is ignored.
    func drop(_ hold: LeaseHold) async throws(SourceError)

    /// All leaders, all statuses, and the documents that were written after `cursor`.
    ///
    /// - Parameter cursor: of the last view; nil for all documents.
    func view(after cursor: UInt64?) async throws(SourceError) -> LeaseView

    /// Writes a document.
    ///
    /// - Parameter leading: the scope, and the session and the token that have to have its lead; nil for a document of any
    ///   replica.
    /// - Returns: false when the lead is lost, and nothing was written.
    func write(_ path: String, _ bytes: [UInt8], leading: LeaseHold?) async throws(SourceError) -> Bool

    /// Removes documents; those that are absent are ignored.
    func remove(_ paths: [String]) async throws(SourceError)
}

/// The session of one replica.
package struct LeaseSession: Sendable, Equatable {
    /// As the store names it.
    package let id: String
    /// Of the replica.
    package let name: String

    package init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// The lead of a scope, as the store can check it.
package struct LeaseHold: Sendable, Equatable {
    package let scope: String
    package let session: LeaseSession
    package let token: UInt64

    package init(scope: String = LeaseScope.leader, session: LeaseSession, token: UInt64) {
        self.scope = scope
        self.session = session
        self.token = token
    }
}

/// What a store holds.
package struct LeaseView: Sendable, Equatable {
    package struct Leader: Sendable, Equatable {
        package var scope = LeaseScope.leader
        package var name: String
        /// Id of its session.
        package var session: String
        package var token: UInt64

        package init(scope: String = LeaseScope.leader, name: String, session: String, token: UInt64) {
            (self.scope, self.name, self.session, self.token) = (scope, name, session, token)
        }
    }

    package struct Document: Sendable, Equatable {
        package var path: String
        package var bytes: [UInt8]

        package init(path: String, bytes: [UInt8]) { (self.path, self.bytes) = (path, bytes) }
    }

    /// Of each scope that has one, by the names of the scopes.
    package var leaders: [Leader] = []
    /// By the names of the replicas.
    package var statuses: [Document] = []
    /// In the order in which they were written.
    package var documents: [Document] = []
    /// Up to which write the documents are complete. One that is lower than before means that the store was restored from a
    /// backup, or made again.
    package var cursor: UInt64

    package init(cursor: UInt64) { self.cursor = cursor }

    /// Nil while no replica has the lead of the scope.
    package func leader(of scope: String) -> Leader? { leaders.first { $0.scope == scope } }
}

/// Paths of documents.
package enum LeasePaths {
    package static let sent = "sent"
    package static let handover = "handover/"
    package static let rollbacks = "rollback/"
    package static let operators = "operators/"
    package static let offers = "offer/"

    package static func handover(_ release: String) -> String { handover + release }

    /// Of what a replica knows of operators' orders about messages.
    package static func operators(_ replica: String) -> String { operators + replica }

    /// What a follower knows of a release of which the leader knows nothing.
    package static func offer(_ release: String) -> String { offers + release }

    /// Of a rollback that a replica began.
    package static func rollback(_ release: String, replica: String) -> String {
        rollbacks + release + "/" + replica
    }
}

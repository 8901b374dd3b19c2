import Leases
import Model
import Synchronization

/// The newest documents and rollbacks that the replicas have handed over, for releases that come into the configuration, or to
/// this member of a fleet: they are given to the kernel with the release.
final class HandoverShelf: Sendable {
    private struct State {
        var documents: [String: HandoverDocument] = [:]
        /// By their path in the store.
        var peers: [String: PeerRollback] = [:]
    }

    private let state = Mutex(State())

    func put(_ document: HandoverDocument) { state.withLock { $0.documents[document.release] = document } }

    func put(_ peer: PeerRollback, at path: String) { state.withLock { $0.peers[path] = peer } }

    func remove(_ paths: [String]) { state.withLock { state in for path in paths { state.peers[path] = nil } } }

    /// Of these releases, in the order of their names.
    func documents(of releases: [String]) -> [HandoverDocument] {
        state.withLock { state in releases.sorted().compactMap { state.documents[$0] } }
    }

    /// Rollbacks of other replicas that no document says are over.
    func peers(of releases: [String], except name: String) -> [PeerRollback] {
        let names = Set(releases)
        return state.withLock { state in
            state.peers.sorted { $0.key < $1.key }.map(\.value).filter { peer in
                guard names.contains(peer.entry.release), peer.replica != name else { return false }
                guard let document = state.documents[peer.entry.release], document.isRollbackOver else { return true }
                return (peer.entry.incident.map(ReplicaIncident.ordinal) ?? 0) > document.ordinal
            }
        }
    }
}

/// What a release that comes in is given.
struct Handovers: Sendable {
    /// Of this replica.
    let name: String
    let shelf: HandoverShelf
}

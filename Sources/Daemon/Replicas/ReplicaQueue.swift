import Model
import Synchronization

/// What the kernel and the outbox have for the other replicas, until it is written. Bounded: of each release the newest document
/// alone is kept, and the oldest ids go first.
final class ReplicaQueue: Sendable {
    private static let rollbackLimit = 1_000
    private static let sentLimit = 1_000

    private struct State {
        var documents: [HandoverDocument] = []
        var rollbacks: [JournalEntry] = []
        var sent: [(id: String, release: String)] = []
        var operators: OperatorActs?
        var offers: [HandoverDocument] = []
        var isWriting = false
        var writers: [CheckedContinuation<Void, Never>] = []
    }

    let signals: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let state = Mutex(State())

    init() { (signals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    // MARK: One writer at a time

    /// Until what was taken out before is written or put back: two writers could write an older document after a newer one.
    func takeTurn() async {
        await withCheckedContinuation { turn in
            let isFree = state.withLock { state in
                if state.isWriting { state.writers.append(turn) }
                defer { state.isWriting = true }
                return !state.isWriting
            }
            if isFree { turn.resume() }
        }
    }

    func endTurn() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.writers.isEmpty else { return state.writers.removeFirst() }
            state.isWriting = false
            return nil
        }
        next?.resume()
    }

    /// What is there and not written yet is tried again.
    func wake() { continuation.yield() }

    // MARK: What is to be written

    func publish(_ document: HandoverDocument) {
        state.withLock { state in
            state.documents.removeAll { $0.release == document.release }
            state.documents.append(document)
        }
        continuation.yield()
    }

    /// What could not be written; a newer one has taken its place already.
    func putBack(_ document: HandoverDocument) {
        state.withLock { state in
            guard !state.documents.contains(where: { $0.release == document.release }) else { return }
            state.documents.insert(document, at: 0)
        }
    }

    /// The first document of a release that may be written.
    func takeDocument(where mayWrite: (String) -> Bool) -> HandoverDocument? {
        state.withLock { state in
            state.documents.firstIndex { mayWrite($0.release) }.map { state.documents.remove(at: $0) }
        }
    }

    /// Of releases that are led no more.
    func discardDocuments(where isGone: (String) -> Bool) {
        state.withLock { state in state.documents.removeAll { isGone($0.release) } }
    }

    /// Releases of which something is not written yet.
    var unwritten: Set<String> {
        state.withLock { state in Set(state.documents.map(\.release) + state.rollbacks.map(\.release)) }
    }

    func announce(_ entry: JournalEntry) {
        state.withLock { state in
            if state.rollbacks.count >= Self.rollbackLimit { state.rollbacks.removeFirst() }
            state.rollbacks.append(entry)
        }
        continuation.yield()
    }

    var firstRollback: JournalEntry? { state.withLock { $0.rollbacks.first } }

    /// It is written. Meanwhile it may have gone already, to make room for newer ones.
    func remove(_ entry: JournalEntry) {
        state.withLock { state in
            if let index = state.rollbacks.firstIndex(of: entry) { state.rollbacks.remove(at: index) }
        }
    }

    /// What operators have ordered, whole: the newest is all that matters.
    func share(_ acts: OperatorActs) {
        state.withLock { $0.operators = acts }
        continuation.yield()
    }

    func takeOperators() -> OperatorActs? {
        state.withLock { state in
            defer { state.operators = nil }
            return state.operators
        }
    }

    /// What could not be written; a newer one has taken its place already.
    func putBack(_ acts: OperatorActs) {
        state.withLock { if $0.operators == nil { $0.operators = acts } }
        continuation.yield()
    }

    /// What this replica knows of a release, for a leader that knows nothing of it.
    func offer(_ document: HandoverDocument) {
        state.withLock { state in
            state.offers.removeAll { $0.release == document.release }
            state.offers.append(document)
        }
        continuation.yield()
    }

    func takeOffer() -> HandoverDocument? {
        state.withLock { $0.offers.isEmpty ? nil : $0.offers.removeFirst() }
    }

    /// Documents that are there, and that have to be written in another form.
    func publishAgain(_ documents: [HandoverDocument]) {
        for document in documents { putBack(document) }
        continuation.yield()
    }

    func delivered(_ id: String, release: String) {
        state.withLock { state in
            if state.sent.count >= Self.sentLimit { state.sent.removeFirst() }
            state.sent.append((id, release))
        }
        continuation.yield()
    }

    /// Releases whose notifications were delivered, which is not taken up yet.
    var releasesOfSent: Set<String> { state.withLock { Set($0.sent.map(\.release)) } }

    func takeSent() -> [(id: String, release: String)] {
        state.withLock { state in
            defer { state.sent = [] }
            return state.sent
        }
    }
}

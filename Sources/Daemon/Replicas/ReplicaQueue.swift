import Model
import Synchronization

/// What the kernel and the outbox have for the other replicas, until it is written. Bounded: of each release the newest document
/// alone is kept, and the oldest ids go first.
final class ReplicaQueue: Sendable {
    private static let rollbackLimit = 1_000
    private static let sentLimit = 1_000

    private struct State {
        var documents = WaitingDocuments()
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
            state.documents.put(document)
        }
        continuation.yield()
    }

    /// What could not be written; a newer one has taken its place already.
    func putBack(_ document: HandoverDocument) {
        state.withLock { state in
            if !state.documents.has(document.release) { state.documents.put(document) }
        }
    }

    /// The first document of a release that may be written.
    func takeDocument(where mayWrite: (String) -> Bool) -> HandoverDocument? {
        state.withLock { state in
            state.documents.take(where: mayWrite)
        }
    }

    /// Of releases that are led no more.
    func discardDocuments(where isGone: (String) -> Bool) {
        state.withLock { state in state.documents.discard(where: isGone) }
    }

    /// Releases of which something is not written yet.
    var unwritten: Set<String> {
        state.withLock { state in state.documents.releases.union(state.rollbacks.map(\.release)) }
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

/// The newest document of each release, in the order in which they came. A takeover of thousands of releases brings all of them at
/// once, in the kernel's turn.
private struct WaitingDocuments {
    private var newest: [String: (number: Int, document: HandoverDocument)] = [:]
    /// With those that were replaced or taken since.
    private var order: [(number: Int, release: String)] = []
    /// Before it nothing waits.
    private var first = 0
    private var lastNumber = 0

    var releases: Set<String> { Set(newest.keys) }

    func has(_ release: String) -> Bool { newest[release] != nil }

    /// In place of an older one.
    mutating func put(_ document: HandoverDocument) {
        lastNumber += 1
        newest[document.release] = (lastNumber, document)
        order.append((lastNumber, document.release))
        if order.count > 2 * newest.count + 64 { compact() }
    }

    mutating func take(where mayTake: (String) -> Bool) -> HandoverDocument? {
        for index in first..<order.count {
            let (number, release) = order[index]
            guard let waiting = newest[release], waiting.number == number else {
                if index == first { first += 1 }
                continue
            }
            guard mayTake(release) else { continue }
            newest[release] = nil
            if index == first { first += 1 }
            return waiting.document
        }
        return nil
    }

    mutating func discard(where isGone: (String) -> Bool) { newest = newest.filter { !isGone($0.key) } }

    private mutating func compact() {
        order = order.dropFirst(first).filter { newest[$0.release]?.number == $0.number }
        first = 0
    }
}

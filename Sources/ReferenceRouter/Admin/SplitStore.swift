import Crypto
import Synchronization

/// The split and its changes: one at a time, saved before it is in force.
///
/// With one exception, towards safety: taking traffic from the new version does not wait for a disk that is full or
/// broken.
final class SplitStore: Sendable {
    enum Refusal: Error, Equatable {
        /// `If-Match` names another revision than this one.
        case otherRevision(Int)
        /// The same `Idempotency-Key` came with another body.
        case keyReused
        case notSaved(GrayRouterError)
        /// The new version's share was lowered, but a restart brings the old one back.
        case inForceButNotSaved(GrayRouterError)
        /// The router is stopping.
        case closed
    }

    /// A change as it was asked for.
    struct Change {
        /// Nil leaves it.
        let canaryBasisPoints: Int?
        /// Where test users go from now on; nil leaves it.
        var forced: ForcedTarget?
        /// The side whose share may be lowered without a disk.
        var newVersion = Version.canary
        let precondition: EntityTag.Precondition?
        let idempotencyKey: String?
        /// The request's bytes, to distinguish a repetition from another request.
        let body: [UInt8]
    }

    /// What is in force.
    let split: CurrentSplit
    private let file: StateFile
    private struct Writing {
        var memory = IdempotencyMemory()
        var isClosed = false
        /// What is in force is not on the disk yet.
        var isUnsaved = false
    }

    /// Held while a change is saved.
    private let writing = Mutex(Writing())
    /// Held for a moment: readers do not wait for the disk.
    private let saved: Mutex<SavedSplit>

    /// Loads the saved split, or saves the first one.
    init(path: String, initialCanaryBasisPoints: Int) throws(GrayRouterError) {
        file = try StateFile(path: path)
        let loaded: SavedSplit
        if let found = try file.load() {
            loaded = found
        } else {
            loaded = SavedSplit(canaryBasisPoints: initialCanaryBasisPoints, revision: 1)
            try file.save(loaded)
        }
        saved = Mutex(loaded)
        split = CurrentSplit(loaded)
    }

    /// Takes no more changes and gives the state file free.
    func close() {
        writing.withLock { writing in
            writing.isClosed = true
            file.unlock()
        }
    }

    var current: SavedSplit { saved.withLock { $0 } }

    /// Makes a change and answers with what `answer` makes of the new split; a repetition gets the first answer. Blocks
    /// for the disk: not to be called on an event loop.
    func change(
        _ change: Change, answer: (SavedSplit) -> AdminResponse
    ) -> Result<AdminResponse, Refusal> {
        writing.withLock { writing in
            guard !writing.isClosed else { return .failure(.closed) }
            let digest = Array(SHA256.hash(data: change.body))
            if let key = change.idempotencyKey, let earlier = writing.memory.answer(to: key) {
                return earlier.digest == digest ? .success(earlier.response) : .failure(.keyReused)
            }
            let before = current
            if let precondition = change.precondition, !precondition.allows(revision: before.revision) {
                return .failure(.otherRevision(before.revision))
            }
            var after = before
            after.canaryBasisPoints = change.canaryBasisPoints ?? before.canaryBasisPoints
            after.forcedTarget = change.forced ?? before.forcedTarget
            if after != before { after.revision += 1 }
            if after != before || writing.isUnsaved,
                let refusal = putInForce(after, insteadOf: before, change.newVersion, &writing)
            {
                return .failure(refusal)
            }
            let response = answer(after)
            if let key = change.idempotencyKey { writing.memory.remember(key, digest: digest, response: response) }
            return .success(response)
        }
    }

    /// Whether the new version gets requests that it did not get before.
    private func gives(_ newVersion: Version, more after: SavedSplit, _ before: SavedSplit) -> Bool {
        let added = after.canaryBasisPoints - before.canaryBasisPoints
        let isOpened = after.forced != before.forced && after.forced.version == newVersion
        return isOpened || (newVersion == .canary ? added > 0 : added < 0)
    }

    private func putInForce(
        _ after: SavedSplit, insteadOf before: SavedSplit, _ newVersion: Version, _ writing: inout Writing
    ) -> Refusal? {
        var problem: GrayRouterError?
        do throws(GrayRouterError) { try file.save(after) } catch { problem = error }
        if let problem, gives(newVersion, more: after, before) { return .notSaved(problem) }
        split.forced = after.forced
        split.canaryBasisPoints = after.canaryBasisPoints
        saved.withLock { $0 = after }
        writing.isUnsaved = problem != nil
        return problem.map { .inForceButNotSaved($0) }
    }
}

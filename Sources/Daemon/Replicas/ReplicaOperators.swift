import Leases
import Model
import SourceCalls

/// What operators have ordered about messages, on its way between this replica and the others.
struct ReplicaOperators {
    /// What this replica last wrote, or has to write: after the store was restored from a backup it is written again.
    private var own: OperatorActs?

    /// What has to be written next.
    mutating func take(_ acts: OperatorActs) { own = acts }

    /// The store shows an older state than before; what this replica knows has to be there again. Nil for nothing.
    func lost(from before: UInt64?, to cursor: UInt64) -> OperatorActs? {
        guard let before, cursor < before else { return nil }
        return writtenBefore
    }

    /// Nil for nothing.
    var writtenBefore: OperatorActs? { own.flatMap { $0.isEmpty ? nil : $0 } }
}

extension ReplicaService {
    /// What this replica knew before it was started.
    func restoreOperators() async {
        guard let known = files.operators(), known.replica == plan.name else { return }
        operators.take(known)
        let ageMs = max(0, clock.wallMs - known.atWallMs)
        await send(.operatorsActed(known, ageMs: ageMs))
    }

    /// A document of orders has come.
    func takeOperators(_ document: LeaseView.Document, _ view: LeaseView) async {
        guard let acts = OperatorActsText.acts(document.bytes) else {
            return logger.warning(
                "\(document.path) of \(store.label) cannot be read: a newer version may have written it")
        }
        let ageMs = OperatorActsText.ageMs(acts, statuses: view.statuses, nowWallMs: clock.wallMs)
        await send(.operatorsActed(acts, ageMs: ageMs))
    }

    /// To the disk first: the store may be gone.
    func publishOperators() async throws(SourceError) {
        guard let acts = queue.takeOperators() else { return }
        operators.take(acts)
        if let problem = files.save(acts) { logger.error("\(problem)") }
        guard let bytes = OperatorActsText.encode(acts) else {
            return logger.error("what operators have ordered about messages is too large for the other replicas")
        }
        do throws(SourceError) {
            _ = try await store.write(LeasePaths.operators(plan.name), bytes, leading: nil)
        } catch {
            queue.putBack(acts)
            throw error
        }
    }
}

import Centres
import Model

/// What of a configuration centre a configuration is checked with.
struct CheckedCentre {
    /// Nil when this host has no state of it.
    let state: CentreState?
    /// Where the state comes from, for people.
    let text: String

    /// Nil for a configuration without a centre, and for one that is invalid by itself, whose errors are reported then.
    ///
    /// - Throws: `Failure` when the centre is to be read and cannot be.
    static func of(_ file: String, readsNow: Bool) async throws -> CheckedCentre? {
        guard let plan = try? ConfigurationFile(path: file).load(), plan.centre != nil else {
            if readsNow { throw Failure.usage("error: \(file) has no 'centre', or is invalid without it") }
            return nil
        }
        let desk = try CentreDesk(path: file)
        guard readsNow else { return kept(desk) }
        let reading = try await desk.work { try await desk.centre.read() }
        var judge = CentreJudge(label: desk.centre.label, needsManifest: desk.centre.needsManifest)
        switch judge.judge(reading, at: 0) {
        case .candidate(let state):
            return CheckedCentre(state: state, text: "\(state.label) at revision \(state.revision), read now")
        case .waiting(let reason), .refused(let reason):
            throw Failure.no("error: \(desk.centre.label) at revision \(reading.revision): \(reason)")
        case .same: return kept(desk)
        }
    }

    private static func kept(_ desk: CentreDesk) -> CheckedCentre {
        let (brake, pinned) = desk.store.brake()
        let orders = brake.texts.map { "; \($0)" }.joined()
        if let pinned, pinned.label == desk.centre.label {
            return CheckedCentre(state: pinned, text: "\(pinned.label) at revision \(pinned.revision)\(orders)")
        }
        guard let kept = desk.store.current(), kept.label == desk.centre.label else {
            return CheckedCentre(
                state: nil,
                text: "\(desk.centre.label) is not checked: no state of it was in force on this host; use --centre")
        }
        return CheckedCentre(
            state: kept.state,
            text: "\(kept.label) at revision \(kept.revision), the last one that was in force here\(orders)")
    }
}

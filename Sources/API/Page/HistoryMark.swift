import Foundation
import Model

/// Something that happened to a release, as the page marks it in its plots.
struct HistoryMark: Sendable, Equatable {
    /// The raw value is the one in the document.
    enum Kind: String, Sendable, Equatable, CaseIterable {
        case phase
        case incident
        case step
        case halt
        case version
    }

    var atWallMs: Int64
    var kind: Kind
    /// A short text.
    var text: String
}

/// What a release has to differ in for a mark to be made.
struct MarkedState: Sendable, Equatable {
    private let phase: ReleaseSnapshot.Phase
    private let incident: String?
    private let versions: [String]
    private let rollout: String?
    private let step: Int?
    private let rolloutState: String?
    private let isHalted: Bool

    init(_ release: ReleaseSnapshot) {
        let running = release.rollout?.running
        phase = release.phase
        incident = release.openIncident
        versions = [release.baseline.version, release.canary.version]
        rollout = running?.id
        step = running?.step
        rolloutState = running?.state.rawValue
        isHalted = running?.halts.isEmpty == false
    }

    /// What is worth a mark, compared with the state before.
    func marks(after before: MarkedState, atWallMs: Int64) -> [HistoryMark] {
        var found: [(HistoryMark.Kind, String)] = []
        if versions != before.versions { found.append((.version, "\(versions[0]) and \(versions[1])")) }
        if phase != before.phase { found.append((.phase, phase.rawValue.replacingOccurrences(of: "_", with: " "))) }
        if let incident, incident != before.incident { found.append((.incident, incident)) }
        if let rollout, rollout != before.rollout || rolloutState != before.rolloutState, let rolloutState {
            found.append((.step, "\(rollout): \(rolloutState)"))
        }
        if let step, step != before.step, rollout == before.rollout { found.append((.step, "step \(step)")) }
        if isHalted, !before.isHalted { found.append((.halt, "halted")) }
        return found.map { HistoryMark(atWallMs: atWallMs, kind: $0.0, text: $0.1) }
    }
}

import Model
import Telemetry

/// The samples of a release that is led.
extension MetricSamples {
    mutating func add(_ snapshot: RolloutSnapshot, of release: String) {
        add(.frozen, [release], snapshot.deployment.freeze == nil ? 0 : 1)
        for end in RolloutEnd.allCases {
            add(.rolloutLastEnd, [release, end.rawValue], snapshot.ended.first?.end == end ? 1 : 0)
        }
        let running = snapshot.running
        for state in Rollout.State.allCases where state != .ended {
            add(.rolloutState, [release, state.rawValue], running?.state == state ? 1 : 0)
        }
        for reason in HaltReason.allCases {
            add(.rolloutHalted, [release, reason.rawValue], running?.isHalted(reason) == true ? 1 : 0)
        }
        add(.rolloutPaused, [release], running?.pause == nil ? 0 : 1)
        guard let running else { return }
        add(.rolloutStep, [release], Double(running.step))
        add(.rolloutSteps, [release], Double(running.steps.count))
        add(.rolloutShare, [release], Double(running.basisPoints(ofStep: running.step)) / 10_000)
        for gate in snapshot.gates { add(.rolloutGate, [release, gate.gate], gate.isOpen ? 1 : 0) }
    }
}

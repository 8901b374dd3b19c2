/// The daemon's process is stopped now and then (SIGSTOP, a machine that is suspended) and resumes later, with what has
/// come meanwhile.
///
/// Used on the world's thread alone.
final class ProcessStops {
    private let swarm: Swarm
    private let timeline: Timeline
    private let process: DaemonProcess
    /// Its own, so that the stops do not change what else is drawn.
    private var dice: Dice

    init(seed: UInt64, swarm: Swarm, timeline: Timeline, process: DaemonProcess) {
        self.swarm = swarm
        self.timeline = timeline
        self.process = process
        dice = Dice(seed: seed ^ 0x5709_5709 ^ UInt64(process.machine) << 40)
    }

    /// Schedules the first stop, in a run that has any.
    func schedule() {
        if swarm.isStoppedAtTimes || swarm.replicas > 1 { timeline.at(dice.ms(20_000...120_000), .stop) }
    }

    func stop() {
        guard !timeline.isHealed else { return }
        if process.life != nil, timeline.nowMs >= process.stoppedUntilMs {
            let untilMs = min(timeline.nowMs + dice.ms(500...90_000), swarm.faultPhaseMs)
            let withMachine = swarm.replicas > 1 && dice.chance(percent: 30)
            process.stop(untilMs: untilMs, withMachine: withMachine)
            timeline.note("daemon: stopped until \(untilMs)\(withMachine ? " with its machine" : "")")
        }
        timeline.after(dice.ms(20_000...200_000), .stop)
    }
}

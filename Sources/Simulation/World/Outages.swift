/// What both versions share goes away for a while, just when the canary's share was raised: the worst moment, because a canary
/// that had a small share in the good time and has a large one in the bad time appears worse than a baseline with the opposite.
///
/// Used on the world's thread alone.
final class Outages {
    /// Longer than the longest window of a rule and some cycles.
    private static let pauseMs: Int64 = 75_000

    private let swarm: Swarm
    private let timeline: Timeline
    private let fleet: Fleet
    /// Of the outages alone, so that they do not change what else is drawn.
    private var dice: Dice

    init(seed: UInt64, swarm: Swarm, timeline: Timeline, fleet: Fleet) {
        self.swarm = swarm
        self.timeline = timeline
        self.fleet = fleet
        dice = Dice(seed: seed ^ 0x00BA_D0A6)
    }

    /// No rule sees it any more, so the next one may come.
    private func isOver(_ outage: VirtualRelease.Outage?) -> Bool {
        outage.map { timeline.nowMs - $0.toMs > Outages.pauseMs } ?? true
    }

    /// The daemon has raised a share on some instance.
    func shareRaised(_ release: Int) {
        guard swarm.hasOutages, !timeline.isHealed, dice.chance(percent: 60) else { return }
        // Parts of a unit share more than each of them.
        for index in fleet.releases.indices where isOver(fleet.releases[index].outage) {
            fleet.releases[index].serve(untilMs: timeline.nowMs)
            let intervalMs = fleet.planned(index)?.scrape.intervalMs ?? 5_000
            let fromMs = timeline.nowMs + dice.ms(0...intervalMs)
            let outage = VirtualRelease.Outage(
                fromMs: fromMs, toMs: fromMs + dice.ms(intervalMs...5 * intervalMs),
                errorShare: Double(dice.int(30...60)) / 100)
            fleet.releases[index].outage = outage
            timeline.note("\(fleet.releases[index].name): both versions fail from \(outage.fromMs) to \(outage.toMs)")
        }
    }
}

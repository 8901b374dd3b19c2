import Model

/// The targets of releases with discovery change while the daemon runs, without a reload: pools grow and shrink, and a
/// target changes its pool together with its process and its counters.
///
/// Used on the world's thread alone.
final class TargetMoves {
    private let swarm: Swarm
    private let timeline: Timeline
    private let fleet: Fleet
    private let files: VirtualFiles
    private let targetFiles: VirtualTargetFiles
    private let process: DaemonProcess
    /// Of the moves alone, so that they do not change what else is drawn.
    private var dice: Dice
    private var comers = 0
    /// Targets that go back to the pool where they were, and when.
    private var returning: [(release: Int, instance: String, to: Pool)] = []

    /// A target that changes its pool serves nothing for so long: the daemon cannot know of the change before it has read the list, and
    /// what the target served meanwhile would belong to the wrong pool by right.
    static let idleMs: Int64 = 12_000
    private static let largestPool = 6

    init(
        seed: UInt64, swarm: Swarm, timeline: Timeline, fleet: Fleet, files: VirtualFiles,
        targetFiles: VirtualTargetFiles, process: DaemonProcess
    ) {
        (self.swarm, self.timeline, self.fleet, self.files) = (swarm, timeline, fleet, files)
        (self.targetFiles, self.process) = (targetFiles, process)
        dice = Dice(seed: seed ^ 0x707A_11ED)
    }

    private var discovered: [Int] { files.draft.releases.indices.filter { files.draft.releases[$0].isDiscovered } }

    /// Schedules the first change, in a run that has any.
    func schedule() {
        if !discovered.isEmpty { timeline.at(dice.ms(20_000...80_000), .moveTargets) }
    }

    func happen() {
        guard !timeline.isHealed else { return }
        if !returning.isEmpty {
            let back = returning.removeFirst()
            change(back.release, back.instance, to: back.to)
        } else {
            let release = dice.pick(discovered)
            let pool: Pool = dice.chance(percent: 50) ? .canary : .baseline
            switch dice.int(0...4) {
            case 0, 1: resize(release, pool)
            default: if !exchange(release, from: pool) { _ = exchange(release, from: pool.other) }
            }
        }
        timeline.after(returning.isEmpty ? dice.ms(8_000...50_000) : dice.ms(3_000...20_000), .moveTargets)
    }

    // MARK: Autoscaling

    /// Up to four targets come at once, or half of the pool goes.
    private func resize(_ release: Int, _ pool: Pool) {
        var services = fleet.releases[release][pool]
        fleet.releases[release].serve(untilMs: timeline.nowMs)
        if dice.chance(percent: 60), services.count < Self.largestPool {
            for _ in 0..<min(dice.int(1...4), Self.largestPool - services.count) {
                services.append(comer(of: release))
            }
        } else {
            services.removeFirst(services.count / 2)
        }
        set(release, pool, services)
    }

    private func comer(of release: Int) -> VirtualService {
        comers += 1
        return VirtualService(
            instance: "\(fleet.releases[release].name)-s\(comers):80", isOpenMetrics: dice.chance(percent: 30),
            startedWallMs: timeline.wallMs, paths: dice.int(1...4))
    }

    // MARK: Other pools

    /// A target of the pool becomes one of the other pool; half of them return soon.
    ///
    /// - Returns: false when none can.
    private func exchange(_ release: Int, from pool: Pool) -> Bool {
        guard let one = fleet.releases[release][pool].last(where: { $0.joinsMs <= timeline.nowMs }),
            change(release, one.instance, to: pool.other)
        else { return false }
        if dice.chance(percent: 50) { returning.append((release, one.instance, pool)) }
        return true
    }

    /// - Returns: false while the daemon could not know of it soon, or takes the target for one that a rollback is proven by.
    @discardableResult
    private func change(_ release: Int, _ instance: String, to other: Pool) -> Bool {
        let pool = other.other
        var (from, to) = (fleet.releases[release][pool], fleet.releases[release][other])
        guard let index = from.firstIndex(where: { $0.instance == instance }), from.count > 1,
            isReadSoon, !isRollingBack(release)
        else { return false }
        fleet.releases[release].serve(untilMs: timeline.nowMs)
        var one = from.remove(at: index)
        one.joinsMs = timeline.nowMs + Self.idleMs
        to.append(one)
        timeline.note("targets: \(instance) becomes one of the \(other.rawValue)")
        set(release, pool, from)
        set(release, other, to)
        return true
    }

    private var isReadSoon: Bool {
        !swarm.isStoppedAtTimes && targetFiles.isTruthful(untilMs: timeline.nowMs + Self.idleMs)
    }

    private func isRollingBack(_ release: Int) -> Bool {
        guard let snapshot = process.snapshot() else { return true }
        let shown = snapshot.releases.first { $0.name == fleet.releases[release].name }
        return shown.map { $0.openIncident != nil || $0.phase == .rollingBack } ?? true
    }

    private func set(_ release: Int, _ pool: Pool, _ services: [VirtualService]) {
        fleet.releases[release][pool] = services
        let names = services.map(\.instance)
        // The files list places, and a promotion exchanges the places' roles.
        switch fleet.releases[release].isTurned ? pool.other : pool {
        case .baseline: files.draft.releases[release].baseline.instances = names
        case .canary: files.draft.releases[release].canary.instances = names
        }
        timeline.note("targets: \(pool.rawValue) \(names.joined(separator: " "))")
    }
}

extension Pool {
    fileprivate var other: Pool { self == .canary ? .baseline : .canary }
}

extension VirtualRelease {
    fileprivate subscript(pool: Pool) -> [VirtualService] {
        get { pool == .baseline ? baseline : canary }
        set { if pool == .baseline { baseline = newValue } else { canary = newValue } }
    }
}

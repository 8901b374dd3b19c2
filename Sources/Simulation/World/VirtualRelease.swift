import Model

/// One release as it truly is: its processes, its routers, its traffic and its faults.
struct VirtualRelease {
    /// What is wrong with a version, and since when.
    struct Sickness {
        var beganMs: Int64?
        var errorShare: Double
        var slowShare: Double

        func isSick(atMs now: Int64) -> Bool { beganMs.map { $0 <= now } ?? false }
    }

    /// Both versions fail alike, whatever they are: what they share is away.
    struct Outage {
        var fromMs: Int64
        var toMs: Int64
        var errorShare: Double

        func isThere(atMs now: Int64) -> Bool { fromMs <= now && now < toMs }
    }

    let name: String
    var requestsPerSecond: Double
    var baseline: [VirtualService]
    var canary: [VirtualService]
    var routers: [VirtualRouter]
    /// The one that runs, whatever the daemon has read.
    private(set) var canaryVersion: String
    private(set) var canarySickness: Sickness
    /// What was wrong with the version before, and when the present one took its place.
    private var former: (sickness: Sickness, untilMs: Int64)?
    var baselineSickness: Sickness
    /// The last one; it may be in the future, or over.
    var outage: Outage?
    /// Its shares are raised by the daemon.
    var isLed: Bool
    /// Versions are promoted in it, so CI deploys each where the free place is.
    let isQuick: Bool
    /// The canary is in the first place.
    private(set) var isTurned = false
    /// Versions that CI has made of it.
    var fixes = 0
    /// The baseline is as large as its part of the traffic needs: it does not carry much more. See ``resizeBaseline()``.
    var isBaselineTight = false
    /// The largest part of the traffic that the baseline carries, 0...1; of more, half of its requests fail.
    private var baselineCarries = 1.0
    /// The part of the canary's former traffic that stays whatever the routers do.
    var stickyShare = 0.0
    /// What the last plan that named the release said of it.
    var lastPlan: ReleasePlan?
    /// When the baseline last had traffic, and since when without a break.
    private(set) var baselineServedMs: Int64 = 0
    private(set) var baselineServedSinceMs: Int64 = 0
    /// When a baseline process was last running.
    private(set) var baselineUpMs: Int64 = 0
    private var servedUntilMs: Int64 = 0
    /// Since when the routers give the canary the share that they give it now.
    private(set) var shareSinceMs: Int64 = 0
    private var servedShare = 0.0
    /// What each pool has served, with the instances that have left it.
    private(set) var baselineRecord = TrafficRecord()
    private(set) var canaryRecord = TrafficRecord()
    /// Some exporter may show later what its service has counted.
    private(set) var showsLate = false

    init(draft: ConfigurationDraft.Release, wallMs: Int64, dice: inout Dice) {
        name = draft.name
        requestsPerSecond = Double(dice.int(60...400))
        func services(_ pool: ConfigurationDraft.Pool) -> [VirtualService] {
            pool.instances.map { instance in
                var one = VirtualService(
                    instance: instance, isOpenMetrics: dice.chance(percent: 30),
                    startedWallMs: wallMs - dice.ms(0...7_200_000), paths: dice.int(1...4))
                one.live(requests: Double(dice.int(0...100_000)))
                return one
            }
        }
        baseline = services(draft.baseline)
        canary = services(draft.canary)
        (isLed, isQuick) = (draft.isLed, draft.isQuick)
        routers = draft.routers.map { VirtualRouter(name: $0) }
        canaryVersion = draft.canary.version
        canarySickness = VirtualRelease.sickness(dice: &dice, percent: 65)
        baselineSickness = Sickness(beganMs: nil, errorShare: 0, slowShare: 0)
        if dice.chance(percent: 15) {
            // As sick as the canary, or more: fleeing to it would not help.
            baselineSickness = canarySickness
            baselineSickness.errorShare = min(0.9, canarySickness.errorShare * 1.3)
            baselineSickness.beganMs = dice.chance(percent: 50) ? -600_000 : dice.ms(0...200_000)
        }
    }

    /// Gives some of its services a peculiar exporter, whose counts are those of a long life with errors.
    mutating func drawExporters(dice: inout Dice) {
        func draw(_ services: inout [VirtualService]) {
            for index in services.indices where dice.chance(percent: 60) {
                let mood = dice.pick(ExporterMood.allCases)
                services[index].exporter = VirtualExporter(mood: mood, dice: Dice(seed: dice.raw()))
                services[index].live(requests: Double(dice.int(5_000...200_000)), errorShare: 0.05)
                if mood.showsLate { showsLate = true }
            }
        }
        draw(&baseline)
        draw(&canary)
    }

    /// A service of the first place runs.
    var isFirstPlaceUp: Bool { (isTurned ? canary : baseline).contains { $0.isUp } }

    /// What the last plan says of it, with the pools of the present roles.
    var rolePlan: ReleasePlan? {
        guard isQuick, var plan = lastPlan else { return lastPlan }
        if isTurned { swap(&plan.baseline, &plan.canary) }
        // CI says which version it is, not the files.
        plan.canary.version = canaryVersion
        return plan
    }

    /// The roles of its places are exchanged. Nothing changes for its users.
    mutating func turnRoles(atMs now: Int64) {
        serve(untilMs: now)
        isTurned.toggle()
        swap(&baseline, &canary)
        swap(&baselineRecord, &canaryRecord)
        swap(&baselineSickness, &canarySickness)
        for index in routers.indices { routers[index].turnRoles() }
        stickyShare = 0
        (baselineServedMs, baselineServedSinceMs, baselineUpMs) = (now, now, now)
    }

    /// CI replaces what runs in the free place.
    mutating func deploy(_ version: String, _ sickness: Sickness, atMs now: Int64) {
        serve(untilMs: now)
        canaryVersion = version
        canarySickness = sickness
        for index in canary.indices { canary[index].restart(wallMs: Timeline.epochMs + now) }
    }

    /// The scrape body of one of its services; nil when it is not there or does not run.
    mutating func body(of pool: Pool, instance: String, atMs now: Int64) -> (bytes: [UInt8], isOpenMetrics: Bool)? {
        func body(_ services: inout [VirtualService]) -> (bytes: [UInt8], isOpenMetrics: Bool)? {
            guard let index = services.firstIndex(where: { $0.instance == instance }), services[index].isUp else {
                return nil
            }
            let bytes = services[index].body(atMs: now, wallMs: Timeline.epochMs + now)
            return (bytes, services[index].isOpenMetrics)
        }
        return pool == .baseline ? body(&baseline) : body(&canary)
    }

    static func sickness(dice: inout Dice, percent: Int, afterMs: Int64 = 0) -> Sickness {
        let kind = dice.int(0...2)
        let isSick = dice.chance(percent: percent)
        let began = afterMs + dice.ms(0...300_000)
        return Sickness(
            beganMs: isSick ? began : nil, errorShare: kind == 1 ? 0.002 : Double(dice.int(25...60)) / 100,
            slowShare: kind == 0 ? 0.001 : 0.4)
    }

    /// Another version takes the canary's place. Let the traffic flow up to now before.
    mutating func replaceCanary(by version: String, _ sickness: Sickness, atMs now: Int64) {
        former = (canarySickness, now)
        (canaryVersion, canarySickness) = (version, sickness)
    }

    /// When the fault began that the daemon may see in the canary's counts; nil when there is none.
    ///
    /// - Parameter reachMs: how far back the counts go.
    func canaryFaultBeganMs(reachMs: Int64, atMs now: Int64) -> Int64? {
        if isLed, let former, former.sickness.isSick(atMs: former.untilMs), now - former.untilMs <= reachMs {
            return former.sickness.beganMs
        }
        return canarySickness.isSick(atMs: now) ? canarySickness.beganMs : nil
    }

    /// The canary's true share over all routers, 0...1.
    var share: Double {
        routers.reduce(0) { $0 + Double($1.share) } / Double(10_000 * routers.count)
    }

    /// The baseline has more traffic than it carries.
    var isBaselineOverloaded: Bool { 1 - max(share, stickyShare) > baselineCarries }

    /// A tight baseline is made smaller, or larger, with the share that was deployed: it carries a part of the canary's
    /// traffic besides its own, but not all of it.
    mutating func resizeBaseline() { baselineCarries = isBaselineTight ? 1 - 0.75 * share : 1 }

    var largestShare: Int { routers.map(\.share).max() ?? 0 }

    /// Lets the traffic flow up to now, with the shares and faults as they were. Call before changing any of them.
    mutating func serve(untilMs now: Int64) {
        var from = servedUntilMs
        for index in routers.indices where routers[index].share == 0 { routers[index].lastZeroMs = now }
        if baseline.contains(where: { $0.isUp }) { baselineUpMs = now }
        guard now > from else { return }
        servedUntilMs = now
        if share != servedShare { (servedShare, shareSinceMs) = (share, from) }
        // Cut where a fault begins, so that nothing is counted on the wrong side.
        let edges = [canarySickness.beganMs, baselineSickness.beganMs, outage?.fromMs, outage?.toMs]
        let cuts = edges.compactMap { $0 }.filter { $0 > from && $0 < now }
        for end in cuts.sorted() + [now] where end > from {
            serve(fromMs: from, toMs: end)
            from = end
        }
        for index in canary.indices { canary[index].record.note(atMs: now) }
        for index in baseline.indices { baseline[index].record.note(atMs: now) }
        baselineRecord.note(atMs: now)
        canaryRecord.note(atMs: now)
    }

    private mutating func serve(fromMs: Int64, toMs: Int64) {
        let all = requestsPerSecond * Double(toMs - fromMs) / 1_000
        let toCanary = max(share, stickyShare)
        if toCanary < 1 {
            if baselineServedMs < fromMs { baselineServedSinceMs = fromMs }
            baselineServedMs = toMs
        }
        canaryRecord.serve(all * toCanary)
        baselineRecord.serve(all * (1 - toCanary))
        let lostShare = outage.map { $0.isThere(atMs: fromMs) ? $0.errorShare : 0 } ?? 0
        VirtualRelease.serve(all * toCanary, by: &canary, canarySickness, lostShare, atMs: fromMs)
        var trouble = baselineSickness
        if isBaselineOverloaded {
            trouble.errorShare = max(0.5, trouble.isSick(atMs: fromMs) ? trouble.errorShare : 0)
            trouble.slowShare = trouble.isSick(atMs: fromMs) ? trouble.slowShare : 0.001
            trouble.beganMs = fromMs
        }
        VirtualRelease.serve(all * (1 - toCanary), by: &baseline, trouble, lostShare, atMs: fromMs)
    }

    private static func serve(
        _ requests: Double, by services: inout [VirtualService], _ sickness: Sickness, _ lostShare: Double,
        atMs now: Int64
    ) {
        let up = services.indices.filter { services[$0].isUp && services[$0].joinsMs <= now }
        let isSick = sickness.isSick(atMs: now)
        for index in up {
            services[index].serve(
                requests / Double(up.count), errorShare: max(lostShare, isSick ? sickness.errorShare : 0.002),
                slowShare: isSick ? sickness.slowShare : 0.001)
        }
    }
}

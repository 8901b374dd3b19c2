/// What one run is like. Each seed switches some kinds of trouble off and draws wild numbers for the others, because a run
/// with everything at once hides what a single kind can do.
struct Swarm {
    enum Trouble: CaseIterable {
        case router
        case lostInstance
        case link
        case disk
        case service
        case receiver
        case wallClock
        case crash
        case deployer
        case operators
        case reload
        case churn
        case stickyClients
        case lostCall
    }

    var troubles: [Trouble] = []
    var troubleEveryMs: Int64
    var faultPhaseMs: Int64
    /// Requests and replies lost per 1 000, each way.
    var lossPerMille: Int
    var longestDelayMs: Int64
    var isDryRun: Bool
    var releases: Int
    var receivers: Int
    /// The daemon's process is stopped for a while now and then, as a debugger or a suspended machine does it.
    var isStoppedAtTimes: Bool

    /// Some services have exporters with habits; see ``ExporterMood``.
    var hasPeculiarExporters: Bool

    /// The daemon crashes once between an operator's answer to a held step and the journal's entry of it.
    var losesAnAnswer: Bool

    /// Where rollbacks go in steps, the baseline does not carry all that the canary has.
    var hasTightBaselines: Bool

    /// Both versions fail alike for a while just after a share was raised, and nothing disturbs what the daemon sees of it.
    var hasOutages: Bool

    /// Daemons that watch the same releases, 1 to 3.
    var replicas = 1

    /// The releases and rules are in a configuration centre.
    var hasCentre = false

    /// After the heal the world is left alone for so long.
    static let calmMs: Int64 = 260_000
    /// From the heal, or from its beginning, an incident has this long to close.
    static let patienceMs: Int64 = 120_000

    init(dice: inout Dice) {
        for trouble in Trouble.allCases where dice.chance(percent: 45) { troubles.append(trouble) }
        troubleEveryMs = dice.ms(2_000...25_000)
        faultPhaseMs = dice.ms(120_000...600_000)
        lossPerMille = dice.chance(percent: 50) ? 0 : dice.int(1...150)
        longestDelayMs = dice.chance(percent: 60) ? 20 : dice.ms(20...1_500)
        isDryRun = dice.chance(percent: 4)
        releases = dice.chance(percent: 20) ? 2 : 1
        receivers = dice.int(1...2)
        // Decided by what was drawn already, so that the seeds' other lots stay as they are.
        isStoppedAtTimes = (troubleEveryMs + faultPhaseMs) % 4 == 0
        hasPeculiarExporters = (troubleEveryMs / 4 + faultPhaseMs) % 3 == 0
        losesAnAnswer = (troubleEveryMs / 12 + faultPhaseMs / 3) % 3 > 0
        hasTightBaselines = (troubleEveryMs / 7 + faultPhaseMs / 5) % 4 == 0
        hasOutages = (troubleEveryMs / 5 + faultPhaseMs / 7) % 10 == 0 && !isDryRun
        if hasOutages { leaveNetworkAlone() }
        let isShared = (troubleEveryMs / 9 + faultPhaseMs / 3) % 6 == 3 && !isDryRun && !hasOutages
        if isShared { share(among: faultPhaseMs / 66 % 3 == 0 ? 2 : 3) }
        let isInCentre = (troubleEveryMs / 9 + faultPhaseMs / 13) % 12 == 0 && !isDryRun && !hasOutages
        if isInCentre, replicas == 1 { useCentre() }
    }

    /// The files do not change then, because the machines would not read them at the same time.
    private mutating func share(among count: Int) {
        replicas = count
        troubles.removeAll { $0 == .reload || $0 == .churn }
        (isStoppedAtTimes, losesAnAnswer) = (true, false)
    }

    /// One release of two may leave; the files are edited in the centre alone.
    private mutating func useCentre() {
        (hasCentre, releases) = (true, 2)
        troubles.removeAll { $0 == .reload || $0 == .churn }
    }

    private mutating func leaveNetworkAlone() {
        troubles.removeAll { ![.disk, .receiver, .operators].contains($0) }
        (lossPerMille, longestDelayMs) = (0, 20)
        (isStoppedAtTimes, hasPeculiarExporters, losesAnAnswer, hasTightBaselines) = (false, false, false, false)
    }

    var summary: String {
        let names = troubles.map { "\($0)" }.joined(separator: " ")
        return "\(releases) releases, loss \(lossPerMille)/1000, \(names.isEmpty ? "no trouble" : names)"
            + (isStoppedAtTimes ? ", stopped at times" : "") + (hasPeculiarExporters ? ", peculiar exporters" : "")
            + (losesAnAnswer ? ", an operator's answer is lost" : "")
            + (hasCentre ? ", a centre" : "")
            + (replicas > 1 ? ", \(replicas) replicas" : "")
            + (hasTightBaselines ? ", tight baselines" : "") + (hasOutages ? ", outages of both" : "")
            + (isDryRun ? ", dry run" : "")
    }
}

import Glibc

/// Everything statistical about one watched service: its baseline's history, and one monitor per regression rule while a
/// release runs. This is what a kernel holds: call ``take(_:)`` once per scrape cycle.
///
///     var evidence = ReleaseEvidence(rules: [RegressionSettings(scope: .errors)])
///     evidence.take(cycle)          // no release yet: the baseline is learned
///     evidence.begin()              // the canary gets traffic
///     evidence.take(cycle)          // judged, then learned
///     if evidence.monitors[0].verdict == .worse { … }
///     evidence.end()
///
/// A value that can be encoded whole, but for the baseline's open dispersion blocks: a minute of learning. What is written
/// down is ``condensed``, which also leaves out how much instances differ. The guarantee rests on neither.
public struct ReleaseEvidence: Sendable, Equatable, Codable {
    public private(set) var history = BaselineHistory()
    /// One per rule, in the order of the rules.
    public private(set) var monitors: [RegressionMonitor]
    public private(set) var sampleRatio = SampleRatio()
    public private(set) var isRunning = false
    /// The test of the present step; nil where none is asked for, and in records of versions that did not have it.
    public private(set) var step: StepEvidence?
    private var lastShare: Double?
    /// Requests of both pools and the seconds they took, decayed with a half-life of a minute.
    private var recentRequests = 0.0
    private var recentSeconds = 0.0

    public init(rules: [RegressionSettings]) { monitors = rules.map(RegressionMonitor.init) }

    /// A release begins: all evidence is reset, the history stays.
    public mutating func begin() { begin(monitors.map { RegressionMonitor($0.settings) }) }

    /// The comparison begins again in the same release, because other instances serve: fresh evidence, and what is left of the
    /// release's false-alarm probability.
    public mutating func restart() { begin(monitors.map(\.restarted)) }

    private mutating func begin(_ fresh: [RegressionMonitor]) {
        monitors = fresh
        sampleRatio = SampleRatio()
        (step, lastShare) = (nil, nil)
        isRunning = true
    }

    /// A step begins to be tested, with nothing of what was counted before `atSeconds` (since the release began). The evidence of
    /// the whole release is not touched.
    public mutating func beginStep(_ question: StepQuestion, atSeconds: Double) {
        step = StepEvidence(question, beganAtSeconds: atSeconds)
    }

    /// The step's evidence is not needed any more.
    public mutating func endStep() { step = nil }

    /// What the present step has shown; nil without one.
    public var stepFinding: StepFinding? { step?.finding(requestsPerSecond: requestsPerSecond) }

    /// Another version is the baseline from here on: other instances, or the same ones with other rates. What is known of how
    /// much instances differ stays.
    public mutating func beginDeployment() { history = history.nextDeployment }

    /// Takes over what another evidence's baseline has shown, that of a record for example.
    ///
    /// - Parameter missingSeconds: passed since then.
    public mutating func adoptHistory(of other: ReleaseEvidence, missingSeconds: Double = 0) {
        guard other.history.isReadable else { return }
        history = other.history
        history.skip(seconds: missingSeconds)
    }

    /// The release is over. The monitors keep what they said, until the next one begins.
    public mutating func end() { isRunning = false }

    /// Other rules: a rule whose settings did not change keeps its evidence, the evidence of any other is reset. During
    /// a release that means using the data twice; the caller has to report it.
    public mutating func adopt(rules: [RegressionSettings]) {
        var old = monitors
        monitors = rules.map { rule in
            guard let index = old.firstIndex(where: { $0.settings.isSameTest(as: rule) }) else {
                return RegressionMonitor(rule)
            }
            return old.remove(at: index)
        }
    }

    /// Takes in a cycle: a running release is judged by what was known before it, then the baseline is learned.
    public mutating func take(_ cycle: WatchCycle) {
        if isRunning {
            if let share = cycle.canaryShare, noteShare(share, of: cycle) {
                leaveOutOfAll(nil, hasShareChanged: true)
            }
            for index in monitors.indices { monitors[index].take(cycle, history: history) }
            step?.take(cycle, history: history)
        }
        learn(cycle)
    }

    /// Takes in a stretch of time for which one pool has not reported. What the other did then has nothing to be
    /// compared with: kept for the pool's return, a trouble that both had meanwhile would look like one pool's own.
    public mutating func takeOneSided(_ cycle: WatchCycle) { leaveOut(cycle, hasShareChanged: false) }

    /// Takes in a stretch of time in which the canary's share of the requests changed, or may have. It is compared with
    /// nothing: a part of it has one share and another part the other.
    public mutating func takeShareChange(_ cycle: WatchCycle) {
        if let share = cycle.canaryShare, isRunning { noteShare(share, of: cycle) }
        leaveOut(cycle, hasShareChanged: true)
    }

    private mutating func leaveOut(_ cycle: WatchCycle, hasShareChanged: Bool) {
        leaveOutOfAll(cycle, hasShareChanged: hasShareChanged)
        learn(cycle)
    }

    private mutating func leaveOutOfAll(_ cycle: WatchCycle?, hasShareChanged: Bool) {
        for index in monitors.indices { monitors[index].leaveOut(cycle, hasShareChanged: hasShareChanged) }
        step?.leaveOut(cycle, hasShareChanged: hasShareChanged)
    }

    /// Time is missing from here to the next cycle: the daemon was down.
    public mutating func interrupt(seconds: Double = 0) {
        history.skip(seconds: seconds)
        leaveOutOfAll(nil, hasShareChanged: false)
    }

    /// Takes in a cycle that is not to be judged: the baseline is learned from.
    public mutating func learn(_ cycle: WatchCycle) {
        history.take(cycle.baseline, coveredSeconds: cycle.coveredSeconds)
        noteRate(cycle)
    }

    /// Of both pools, over the last minute or so; nil without traffic.
    public var requestsPerSecond: Double? {
        recentSeconds > 0 && recentRequests > 0 ? recentRequests / recentSeconds : nil
    }

    /// What the rule with this index says.
    public func evidence(rule index: Int) -> RegressionEvidence {
        monitors[index].evidence(
            requestsPerSecond: requestsPerSecond, history: history, sampleRatio: sampleRatio)
    }

    /// What is worth storing: the monitors whole, of the history what they need to continue. After a restart the
    /// differences between instances are learned again; a margin that a running release was given stays.
    public var condensed: ReleaseEvidence {
        var copy = self
        copy.history = history.condensed
        return copy
    }

    /// - Returns: the share is another than it was before.
    @discardableResult
    private mutating func noteShare(_ share: Double, of cycle: WatchCycle) -> Bool {
        let isAnother = lastShare.map { $0 != share } ?? false
        lastShare = share
        sampleRatio.take(
            baselineRequests: ReleaseEvidence.requests(cycle.baseline),
            canaryRequests: ReleaseEvidence.requests(cycle.canary), toldShare: share)
        return isAnother
    }

    private mutating func noteRate(_ cycle: WatchCycle) {
        guard cycle.coveredSeconds > 0 else { return }
        let decay = pow(2, -cycle.coveredSeconds / 60)
        let requests = ReleaseEvidence.requests(cycle.baseline) + ReleaseEvidence.requests(cycle.canary)
        recentRequests = recentRequests * decay + (requests.isFinite ? max(0, requests) : 0)
        recentSeconds = recentSeconds * decay + cycle.coveredSeconds
    }

    private static func requests(_ pool: [InstanceIncrements]) -> Double {
        pool.reduce(0) { $0 + ($1.requests ?? $1.latency?.count ?? 0) }
    }
}

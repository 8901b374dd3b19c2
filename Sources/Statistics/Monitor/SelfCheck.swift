/// The same test between two halves of the *baseline*: both run the same version, so every alarm is a false one. It says how
/// far the guarantee holds for this very service, with its own bursts and its own uneven instances.
///
/// Feed it the baseline of every scrape cycle; a check lasts as long as a release of an hour, or until an alarm, and then
/// the next one begins.
public struct SelfCheck: Sendable, Equatable, Codable {
    private static let instanceLimit = 512
    /// A check's length.
    public let seconds: Double
    private var evidence: ReleaseEvidence
    private var elapsed = 0.0
    /// Which half plays the canary, by name.
    private var canaryNames: [String] = []
    private var baselineNames: [String] = []
    /// Checks that ended, and those of them that ended with an alarm.
    public private(set) var checks = 0
    public private(set) var falseAlarms = 0

    /// - Parameter rule: what the service's own rule asks for.
    public init(_ rule: RegressionSettings, seconds: Double = 3_600) {
        self.seconds = seconds
        var rule = rule
        rule.safeRatio = nil
        rule.tracksRatio = false
        evidence = ReleaseEvidence(rules: [rule])
        evidence.begin()
    }

    /// Log evidence of the running check, the largest so far.
    public var maxLogE: Double { evidence.monitors[0].maxLogE }

    /// Takes in a cycle of the baseline. Fewer than two instances cannot be split, and are not checked.
    public mutating func take(_ baseline: [InstanceIncrements], coveredSeconds: Double) {
        guard baseline.count >= 2, coveredSeconds > 0 else { return }
        elapsed += coveredSeconds
        assign(baseline)
        evidence.take(
            WatchCycle(
                atSeconds: elapsed, coveredSeconds: coveredSeconds,
                baseline: baseline.filter { !canaryNames.contains($0.instance) },
                canary: baseline.filter { canaryNames.contains($0.instance) }))
        let isAlarm = evidence.monitors[0].verdict == .worse
        guard isAlarm || elapsed >= seconds else { return }
        checks += 1
        if isAlarm { falseAlarms += 1 }
        elapsed = 0
        evidence.begin()
    }

    /// What is worth storing: without what is kept per instance. The check that is under way continues.
    public var condensed: SelfCheck {
        var copy = self
        copy.evidence = evidence.condensed
        return copy
    }

    /// A new instance joins the smaller half and stays there, so that halves are the same for the whole check.
    private mutating func assign(_ baseline: [InstanceIncrements]) {
        if canaryNames.count + baselineNames.count > SelfCheck.instanceLimit {
            canaryNames = []
            baselineNames = []
        }
        for one in baseline {
            if canaryNames.contains(one.instance) || baselineNames.contains(one.instance) { continue }
            if canaryNames.count < baselineNames.count {
                canaryNames.append(one.instance)
            } else {
                baselineNames.append(one.instance)
            }
        }
    }
}

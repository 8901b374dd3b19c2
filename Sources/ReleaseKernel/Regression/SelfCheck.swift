import Statistics

/// A rule tried on two halves of the baseline: the same version against itself, so whatever it finds is a false alarm. Its
/// record says how far the promise of the rule holds for this very service.
struct SelfCheck: Sendable, Equatable, Codable {
    /// A run is about a release's life.
    static let runSeconds = 3_600.0

    private(set) var runs = 0
    private(set) var falseAlarms = 0
    private let settings: RegressionSettings
    private var run: RegressionMonitor
    private var elapsedSeconds = 0.0

    init(_ rule: RegressionSettings) {
        var settings = rule
        settings.safeRatio = nil
        self.settings = settings
        run = RegressionMonitor(settings)
    }

    /// Takes in a cycle of the baseline's instances; every second one stands for the canary. One instance has no halves.
    ///
    /// - Parameter history: without this cycle.
    mutating func take(_ baseline: [InstanceIncrements], history: BaselineHistory, coveredSeconds: Double) {
        guard baseline.count >= 2 else { return }
        elapsedSeconds += coveredSeconds
        let halves = WatchCycle(
            atSeconds: elapsedSeconds, coveredSeconds: coveredSeconds,
            baseline: baseline.indices.filter { $0.isMultiple(of: 2) }.map { baseline[$0] },
            canary: baseline.indices.filter { !$0.isMultiple(of: 2) }.map { baseline[$0] })
        run.take(halves, history: history)
        let isAlarm = run.maxLogE >= run.barLogE
        guard isAlarm || elapsedSeconds >= SelfCheck.runSeconds else { return }
        runs += 1
        falseAlarms += isAlarm ? 1 : 0
        (run, elapsedSeconds) = (RegressionMonitor(settings), 0)
    }

    /// What is written down: the record. The run that was under way is not counted.
    var condensed: SelfCheck {
        var copy = self
        (copy.run, copy.elapsedSeconds) = (RegressionMonitor(settings), 0)
        return copy
    }

    /// Whether the record is of the same rule.
    func judges(_ rule: RegressionSettings) -> Bool { SelfCheck(rule).settings == settings }
}

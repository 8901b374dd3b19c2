import Support

/// The progress of a rollback in steps.
public struct DrainRecord: Sendable, Equatable {
    /// What an indicator said of the baseline before anything was moved to it.
    public struct Before: Sendable, Equatable {
        public var indicator: String
        /// The window over which it was taken; nil in records of versions that did not write it.
        public var windowMs: Int64?
        public var value: Double

        public init(indicator: String, windowMs: Int64? = nil, value: Double) {
            self.indicator = indicator
            self.windowMs = windowMs
            self.value = value
        }
    }

    /// The canary's share after each step but the last, basis points, falling. After the last it is nothing.
    public var sharesBasisPoints: [Int]
    /// The present step, from 0; as large as `sharesBasisPoints` is long for the last.
    public var step: Int
    /// Targets of the baseline that could be scraped before.
    public var healthyTargetsBefore: Int
    public var baselineBefore: [Before]
    /// The step is held, and a notification says so.
    public var isHeld = false
    /// Why it does not continue, or why it was cut short; nil for a step that was due.
    public var remark: String?

    public init(
        sharesBasisPoints: [Int], step: Int = 0, healthyTargetsBefore: Int = 0, baselineBefore: [Before] = [],
        remark: String? = nil
    ) {
        self.sharesBasisPoints = sharesBasisPoints
        self.step = step
        self.healthyTargetsBefore = healthyTargetsBefore
        self.baselineBefore = baselineBefore
        self.remark = remark
    }

    /// Everything goes now.
    public var isLastStep: Bool { !sharesBasisPoints.indices.contains(step) }

    /// What the canary keeps in the present step, basis points.
    public var shareBasisPoints: Int { isLastStep ? 0 : sharesBasisPoints[step] }

    /// `step 1 of 2: the canary keeps 25%`. A rollback whose steps were left out has no shares.
    public var text: String {
        if sharesBasisPoints.isEmpty { return "everything at once" + (remark.map { ": \($0)" } ?? "") }
        let share = NumberText.percent(Double(shareBasisPoints) / 10_000)
        let steps = sharesBasisPoints.count + 1
        let place = "step \(min(step + 1, steps)) of \(steps): the canary keeps \(isLastStep ? "nothing" : share)"
        return remark.map { "\(place)\(isHeld ? " and stops there" : ""): \($0)" } ?? place
    }
}

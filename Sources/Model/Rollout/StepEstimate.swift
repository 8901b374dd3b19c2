/// How long a step is expected to last at the present traffic, when the new version is as good as the old one.
public struct StepEstimate: Sendable, Equatable {
    /// From the share's being in force; half of such steps are passed by then.
    public var medianSeconds: Double
    /// Nine of ten are.
    public var ninetyPercentSeconds: Double
    /// Of both versions, which the evidence of the step needs at the median; nil for a step without evidence.
    public var evidenceRequests: Double?

    public init(medianSeconds: Double, ninetyPercentSeconds: Double, evidenceRequests: Double? = nil) {
        self.medianSeconds = medianSeconds
        self.ninetyPercentSeconds = ninetyPercentSeconds
        self.evidenceRequests = evidenceRequests
    }

    /// One in ten steps with a good version, or more, is over its `max` before its gates are open.
    public func exceeds(maxMs: Int64?) -> Bool {
        maxMs.map { ninetyPercentSeconds * 1_000 > Double($0) } ?? false
    }
}

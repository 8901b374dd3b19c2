import Glibc

/// When a fault may begin: a part of the prior mass is on the release's first moment, the rest is spread over all later
/// times with a heavy tail and sums to one, so the false-alarm probability holds for a release without end.
///
/// The price of not knowing the start, in nats of evidence: 0.7 for a fault from the first request on, about 7 for one
/// after ten minutes, 9 after an hour.
public struct StartPrior: Sendable, Equatable, Codable {
    /// Mass on "from the start", 0...1.
    public var startWeight: Double
    public var scaleSeconds: Double
    /// The tail falls as time to the power of minus this.
    public var decay: Double
    /// How many later steps share ``stepWeight`` evenly, each at its beginning; nil for none, and in records of versions that did
    /// not have it.
    public var laterSteps: Int?

    /// Mass on the beginnings of the later steps, where there are any.
    static let stepWeight = 0.25

    public init(startWeight: Double = 0.5, scaleSeconds: Double = 300, decay: Double = 0.5) {
        self.startWeight = startWeight
        self.scaleSeconds = scaleSeconds
        self.decay = decay
    }

    /// Faults of load begin when the canary's share is raised: half of the mass that ``standard`` has on the start is on the
    /// beginnings of later steps. They are stopping times, so the promise holds for whatever makes a step begin.
    ///
    /// - Parameter laterSteps: after the first; 0 gives ``standard``.
    public static func stepped(laterSteps: Int) -> StartPrior {
        guard laterSteps > 0 else { return standard }
        var prior = StartPrior(startWeight: standard.startWeight - stepWeight)
        prior.laterSteps = laterSteps
        return prior
    }

    /// The mass on one later step's beginning.
    var massOfStep: Double { laterSteps.map { StartPrior.stepWeight / Double(max(1, $0)) } ?? 0 }

    /// Half on the start, a scale of five minutes.
    public static let standard = StartPrior()
    /// No later starts: for the question whether the canary has been good all along.
    public static let fromTheStart = StartPrior(startWeight: 1)

    /// Mass of the starts after this time (seconds since the release began), without the steps' beginnings.
    func unspent(afterSeconds seconds: Double) -> Double {
        (1 - startWeight - (laterSteps == nil ? 0 : StartPrior.stepWeight)) * pow(1 + seconds / scaleSeconds, -decay)
    }
}

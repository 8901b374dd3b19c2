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

    public init(startWeight: Double = 0.5, scaleSeconds: Double = 300, decay: Double = 0.5) {
        self.startWeight = startWeight
        self.scaleSeconds = scaleSeconds
        self.decay = decay
    }

    /// Half on the start, a scale of five minutes.
    public static let standard = StartPrior()
    /// No later starts: for the question whether the canary has been good all along.
    public static let fromTheStart = StartPrior(startWeight: 1)

    /// Mass of the starts after this time (seconds since the release began).
    func unspent(afterSeconds seconds: Double) -> Double {
        (1 - startWeight) * pow(1 + seconds / scaleSeconds, -decay)
    }
}

import Glibc

/// Is the canary's bad rate above (or below) a fixed floor? The partner of ``PairDetector`` for "ignore canary error rates
/// below 0.1 %".
///
/// Rolling back needs the evidence of both: the smaller of the two must pass the bar. That costs no false-alarm budget,
/// because it is only an error when *either* null is true. The guarantee holds for independent requests; divide by a
/// dispersion factor otherwise.
public struct FloorDetector: Sendable, Equatable, Codable {
    /// Which side of the floor is to be proved.
    public enum Side: String, Sendable, Equatable, Codable {
        /// Evidence that the rate is above the floor, from any moment on.
        case above
        /// Evidence that the rate is below the floor.
        case below

        var oddsMultipliers: [Double] {
            switch self {
            case .above: [1.15, 1.4, 2.1, 5.5, 45, 300]
            case .below: [0.8, 0.5, 0.25, 0.05]
            }
        }
    }

    /// The floor, strictly between 0 and 1.
    public let floor: Double
    public let side: Side
    private let alternatives: [Double]
    private var mixture: EvidenceMixture

    public init(floor: Double, side: Side = .above, prior: StartPrior = .standard) {
        self.floor = floor
        self.side = side
        alternatives = side.oddsMultipliers.map { $0 * floor / (1 - floor + $0 * floor) }
        mixture = EvidenceMixture(effects: alternatives.count, prior: prior)
    }

    /// The log evidence now.
    public var logE: Double { mixture.logE }
    /// The largest so far, at least 0.
    public var maxLogE: Double { mixture.maxLogE }

    /// A later step begins: what comes next is its first block.
    mutating func beginStep() { mixture.beginStep() }

    /// Takes in the canary's requests and bad ones since the last call.
    ///
    /// - Parameter mayRaise: false where these counts may lower the evidence only, see ``SteadyBlocks``.
    public mutating func take(
        requests: Double, bad: Double, atSeconds: Double, dispersion: Double = 1, mayRaise: Bool = true
    ) {
        guard requests > 0, bad >= 0, bad <= requests, requests.isFinite else { return }
        let (floor, alternatives) = (floor, alternatives)
        mixture.close(atSeconds: atSeconds, mayRaise: mayRaise) { index in
            let rate = alternatives[index]
            var gain = 0.0
            if bad > 0 { gain += bad * log1p((rate - floor) / floor) }
            if requests > bad { gain += (requests - bad) * log1p((floor - rate) / (1 - floor)) }
            return gain / max(1, dispersion)
        }
    }
}

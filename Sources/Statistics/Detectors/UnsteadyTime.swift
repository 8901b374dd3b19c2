import Glibc

/// For how long the baseline's bad rate jumped, so that blocks could not raise the evidence.
struct UnsteadyTime: Sendable, Equatable, Codable {
    private static let halfLifeSeconds = 60.0
    /// Less time than this is no sign of anything.
    private static let leastSeconds = 60.0

    /// Since the release began.
    private(set) var seconds = 0.0
    private var lastSeconds = 0.0
    /// Of the last minutes, decayed.
    private var recent = 0.0
    private var recentUnsteady = 0.0

    mutating func note(isSteady: Bool, atSeconds: Double) {
        let length = max(0, atSeconds - lastSeconds)
        lastSeconds = max(lastSeconds, atSeconds)
        let decay = pow(2, -length / UnsteadyTime.halfLifeSeconds)
        recent = recent * decay + length
        recentUnsteady = recentUnsteady * decay + (isSteady ? 0 : length)
        if !isSteady { seconds += length }
    }

    /// More than half of the last two minutes.
    var isMostly: Bool { recent >= UnsteadyTime.leastSeconds && recentUnsteady > recent / 2 }
}

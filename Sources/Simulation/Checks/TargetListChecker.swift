import Model

/// Unreachable is not empty: a pool loses its last target only after its source has listed nothing, or less than half of the pool,
/// for the whole grace.
struct TargetListChecker {
    /// Which pools had targets at the end of the last cycle, by release.
    private var hadTargets: [[Pool: Bool]]

    init(releases: Int) { hadTargets = Array(repeating: [:], count: releases) }

    /// What another process of the daemon had is on its disk, and may have been believed before.
    mutating func restarted() { self = TargetListChecker(releases: hadTargets.count) }

    /// The roles of the release's places are exchanged, and with them what each had.
    mutating func turned(release: Int) {
        let had = hadTargets[release]
        (hadTargets[release][.baseline], hadTargets[release][.canary]) = (had[.canary], had[.baseline])
    }

    /// - Parameter shrunkenMs: for how long the source has listed too little, up to now or a moment ago.
    mutating func ended(release: Int, _ shown: ReleaseSnapshot, shrunkenMs: Int64) -> String? {
        var finding: String?
        for (pool, snapshot) in [(Pool.baseline, shown.baseline), (.canary, shown.canary)] {
            let has = !snapshot.targets.isEmpty
            if hadTargets[release][pool] == true, !has, shrunkenMs < VirtualTargetFiles.graceMs - Self.slackMs {
                finding =
                    "the \(pool.rawValue) of \(shown.name) has lost its last target, and its source has listed too few for "
                    + "\(shrunkenMs) ms"
            }
            hadTargets[release][pool] = has
        }
        return finding
    }

    private static let slackMs: Int64 = 1_000
}

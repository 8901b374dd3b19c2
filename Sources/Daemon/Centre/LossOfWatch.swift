import Model
import Support

/// Which releases are under way, for the guard against a bad push, and which of them a plan would no longer watch.
enum LossOfWatch {
    /// Releases whose canary has traffic or may have, or whose rollout runs. Before the router is read any may have traffic.
    static func underWay(_ releases: [ReleaseSnapshot]) -> Set<String> {
        Set(releases.filter { isUnread($0) || isInMidRollout($0) }.map(\.name))
    }

    /// Nil when the routers of all releases were read; before that some reasons are only possible ones.
    static func unread(_ releases: [ReleaseSnapshot]) -> String? {
        releases.first(where: isUnread).map { "the router of \($0.name) has not been read yet" }
    }

    /// A release whose canary has traffic leaves by force only: nothing would take the canary out any more.
    static func reasons(_ releases: [ReleaseSnapshot], in next: Plan) -> [String] {
        let names = Set(next.releases.map(\.name))
        return releases.filter { !names.contains($0.name) }.compactMap { release in
            traffic(release).map { "\(release.name) would no longer be watched, and \($0)" }
        }
    }

    /// What speaks for traffic on the canary; nil when nothing does.
    private static func traffic(_ release: ReleaseSnapshot) -> String? {
        if let share = release.observedCanaryBasisPoints {
            return share > 0 ? "its canary has \(NumberText.plain(Double(share) / 100)) % of the traffic" : nil
        }
        if isUnread(release) { return "its router has not been read yet" }
        return isInMidRollout(release) ? "the share of its canary is not known" : nil
    }

    /// The first poll is waited for. A router that cannot be read must not hold up changes: after that the release's phase says
    /// whether its canary has traffic.
    private static func isUnread(_ release: ReleaseSnapshot) -> Bool { release.isRouterUsable == nil }

    /// Where the share is not known, the phase counts. A canary that has been promoted is judged by no rule any more.
    private static func isInMidRollout(_ release: ReleaseSnapshot) -> Bool {
        if release.rollout?.running != nil { return true }
        guard let share = release.observedCanaryBasisPoints else {
            return [.watching, .held, .rollingBack].contains(release.phase)
        }
        return share > 0 && !(release.phase == .promoted && share == 10_000)
    }
}

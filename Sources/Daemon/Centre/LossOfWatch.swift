import Model
import Support

/// Which releases are under way, for the guard against a bad push, and which of them a plan would no longer watch.
enum LossOfWatch {
    /// Releases whose canary has traffic, or whose rollout runs. Before the first poll of the router any may have traffic.
    static func underWay(_ releases: [ReleaseSnapshot]) -> Set<String> {
        Set(
            releases.filter { release in
                release.rollout?.running != nil || (release.observedCanaryBasisPoints ?? 0) > 0
                    || release.isRouterUsable == nil
            }.map(\.name))
    }

    /// Nil when the routers of all releases were polled; before that some reasons are only possible ones.
    static func unread(_ releases: [ReleaseSnapshot]) -> String? {
        releases.first { $0.isRouterUsable == nil }.map { "the router of \($0.name) has not been read yet" }
    }

    /// A release whose canary has traffic leaves by force only: nothing would take the canary out any more.
    static func reasons(_ releases: [ReleaseSnapshot], in next: Plan) -> [String] {
        let names = Set(next.releases.map(\.name))
        return releases.compactMap { release in
            guard !names.contains(release.name) else { return nil }
            guard let share = release.observedCanaryBasisPoints else {
                return release.isRouterUsable == nil
                    ? "\(release.name) would no longer be watched, and its router has not been read yet" : nil
            }
            guard share > 0 else { return nil }
            return
                "\(release.name) would no longer be watched, and its canary has \(NumberText.plain(Double(share) / 100)) % "
                + "of the traffic"
        }
    }
}

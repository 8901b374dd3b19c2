import Model

/// The releases and the receivers as they truly are, and the plan by which the daemon watches them.
///
/// Used on the world's thread alone.
final class Fleet: @unchecked Sendable {
    var releases: [VirtualRelease]
    var receivers: [VirtualReceiver]
    /// The plan in force.
    private(set) var plan: Plan

    init(releases: [VirtualRelease], plan: Plan) {
        self.releases = releases
        self.plan = plan
        receivers = plan.receivers.map { VirtualReceiver(name: $0.name) }
    }

    func index(of release: String) -> Int? { releases.firstIndex { $0.name == release } }

    /// The plan in force for a release; nil while the files do not name it.
    func planned(_ release: Int) -> ReleasePlan? { plan.releases.first { $0.name == releases[release].name } }

    /// A plan comes into force, by a reload or a start.
    ///
    /// - Returns: the releases whose canary has another version in it than in the plan before.
    func take(_ next: Plan) -> [Int] {
        var changed: [Int] = []
        for index in releases.indices {
            guard let new = next.releases.first(where: { $0.name == releases[index].name }) else { continue }
            let old = releases[index].lastPlan?.canary.version
            releases[index].lastPlan = new
            if let old, old != new.canary.version { changed.append(index) }
        }
        plan = next
        return changed
    }

    /// The daemon scrapes these targets now, where they are discovered.
    func watch(_ effective: Plan) {
        for release in effective.releases where release.discovery != nil {
            let lists = TargetLists(
                revision: 0, first: (release.isTurned ? release.canary : release.baseline).targets,
                second: (release.isTurned ? release.baseline : release.canary).targets)
            if let index = plan.releases.firstIndex(where: { $0.name == release.name }) {
                plan.releases[index] = plan.releases[index].with(lists)
            }
            if let index = index(of: release.name) { releases[index].lastPlan = releases[index].lastPlan?.with(lists) }
        }
    }

    /// Whose scrape body is asked for. Instances are named after their release: `release1-old1:80`.
    ///
    /// - Returns: the pool is nil for an instance that is not there any more.
    func target(of url: String) -> (release: Int, pool: Pool?, instance: String) {
        let instance = String(url.dropFirst("http://".count).prefix { $0 != "/" })
        for index in releases.indices {
            if releases[index].canary.contains(where: { $0.instance == instance }) { return (index, .canary, instance) }
            if releases[index].baseline.contains(where: { $0.instance == instance }) {
                return (index, .baseline, instance)
            }
        }
        return (releases.firstIndex { instance.hasPrefix($0.name + "-") } ?? 0, nil, instance)
    }
}

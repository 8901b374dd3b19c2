import Model

extension RouterService {
    /// At the start, and after a reload.
    func aim(_ effective: Plan) {
        for release in effective.releases { aim(release: release.name, isTurned: release.isTurned) }
    }
}

import Model

extension RouterService {
    /// The places of the release have these roles from the next call on.
    func aim(release: String, isTurned: Bool) {}

    /// At the start, and after a reload.
    func aim(_ effective: Plan) {
        for release in effective.releases { aim(release: release.name, isTurned: release.isTurned) }
    }
}

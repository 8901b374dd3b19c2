/// Those who give the canary its share, whatever the daemon thinks of it.
struct Deployer {
    let timeline: Timeline
    let fleet: Fleet

    /// The canary gets its first share.
    func firstDeploy(_ release: Int) { deploy(release, share: timeline.dice.ms(500...5_000)) }

    /// Sets a share in the midst of everything else.
    func meddle(_ release: Int) {
        let routers = fleet.releases[release].routers.count
        let instance = timeline.dice.chance(percent: 30) ? timeline.dice.int(0...routers - 1) : nil
        switch timeline.dice.int(0...9) {
        case 0: deploy(release, share: 10_000)
        case 1, 2: deploy(release, share: 0)
        default: deploy(release, share: timeline.dice.ms(100...9_000), instance: instance)
        }
    }

    /// - Parameters:
    ///   - share: basis points of the traffic.
    ///   - instance: the only router instance to be set; nil for all of them.
    private func deploy(_ release: Int, share: Int64, instance: Int? = nil) {
        fleet.releases[release].serve(untilMs: timeline.nowMs)
        for index in fleet.releases[release].routers.indices where instance == nil || instance == index {
            fleet.releases[release].routers[index].share = Int(share)
            fleet.releases[release].routers[index].revision += 1
            fleet.releases[release].routers[index].asked = nil
        }
        fleet.releases[release].resizeBaseline()
        let place = instance.map { " on instance \($0)" } ?? ""
        timeline.note("deployer: \(fleet.releases[release].name) \(share) bp\(place)")
    }
}

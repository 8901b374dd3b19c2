/// The end of all faults. From here on no operator interferes any more, and everything has to come to rest.
struct Heal {
    let timeline: Timeline
    let fleet: Fleet
    let links: Links
    let machines: [Machine]
    let files: VirtualFiles

    func happen() {
        timeline.note("heal")
        let times = machines.map { ambiguousForMs($0.checks) }
        timeline.isHealed = true
        for machine in machines {
            machine.process.effectsUntilCrash = nil
            machine.network.routers.losesNextCall = false
            machine.disk.mood = .works
        }
        links.heal()
        for index in fleet.releases.indices { heal(&fleet.releases[index]) }
        for index in fleet.receivers.indices where fleet.receivers[index].mood != .gone {
            fleet.receivers[index].mood = .up
        }
        files.heal()
        for (machine, ambiguousForMs) in zip(machines, times) {
            machine.edits.readFiles()
            machine.checks.healed(atMs: timeline.nowMs, ambiguousForMs: ambiguousForMs)
        }
    }

    /// For so long the daemon takes targets whose several processes have become one for several processes still: ten
    /// scrape bodies. A plain target may be taken for several too: after some restarts that nothing proves, because the daemon's
    /// clock was set.
    private func ambiguousForMs(_ checks: Checkers) -> [String: Int64] {
        var times: [String: Int64] = [:]
        for index in fleet.releases.indices {
            guard let settings = fleet.planned(index) else { continue }
            // A rollback keeps targets in the canary that are one of the baseline by now.
            let others = settings.discovery == nil ? [] : fleet.releases[index].baseline
            let isAmbiguous = (fleet.releases[index].canary + others).contains { $0.exporter.mood != .plain }
            guard isAmbiguous || checks.isAmbiguous(release: index) else { continue }
            times[fleet.releases[index].name] = 10 * settings.scrape.intervalMs
        }
        return times
    }

    private func heal(_ release: inout VirtualRelease) {
        release.serve(untilMs: timeline.nowMs)
        release.stickyShare = 0
        for router in release.routers.indices {
            release.routers[router].mood = .honest
            release.routers[router].isLost = false
        }
        heal(&release.baseline)
        heal(&release.canary)
    }

    private func heal(_ services: inout [VirtualService]) {
        for index in services.indices {
            services[index].isUp = true
            services[index].isGarbled = false
            services[index].exporter = VirtualExporter()
        }
    }
}

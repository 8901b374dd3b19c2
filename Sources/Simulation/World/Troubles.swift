/// What goes wrong in a run, drawn one after the other, until the heal.
struct Troubles {
    let swarm: Swarm
    let timeline: Timeline
    let fleet: Fleet
    let links: Links
    let machines: [Machine]
    let deployer: Deployer

    /// The next trouble, of a kind that the run's swarm has.
    func make() {
        guard !timeline.isHealed else { return }
        let release = timeline.dice.int(0...fleet.releases.count - 1)
        fleet.releases[release].serve(untilMs: timeline.nowMs)
        make(timeline.dice.pick(swarm.troubles), release)
        timeline.after(timeline.dice.ms(1...2 * swarm.troubleEveryMs), .trouble)
    }

    private func make(_ kind: Swarm.Trouble, _ release: Int) {
        let before = timeline.machine
        defer { timeline.machine = before }
        let machine = machines.count > 1 ? timeline.dice.pick(machines) : machines[0]
        timeline.machine = machine.index
        switch kind {
        case .router: changeRouter(release)
        case .lostInstance: toggleInstance(release)
        case .link: changeLink(release)
        case .disk: changeDisk(machine.disk)
        case .service: changeService(release)
        case .receiver: changeReceiver()
        case .wallClock: setWallClock(machine.process)
        case .crash:
            if timeline.dice.chance(percent: 30) {
                machine.host.crash(because: "a crash")
            } else {
                machine.process.effectsUntilCrash = timeline.dice.int(0...5)
            }
        case .deployer: deployer.meddle(release)
        case .operators: machine.operators.operate(release)
        case .reload: machine.edits.reload(release)
        case .churn: machine.edits.churn(release)
        case .stickyClients: changeStickyShare(release)
        case .lostCall: machine.network.routers.losesNextCall = true
        }
    }
}

// MARK: The daemon's own machine

extension Troubles {
    private func changeDisk(_ disk: VirtualDisk) {
        disk.mood = timeline.dice.chance(percent: 40) ? .works : timeline.dice.pick(VirtualDisk.Mood.allCases)
        timeline.note("disk: \(disk.mood.rawValue)")
    }

    private func setWallClock(_ process: DaemonProcess) {
        let shiftMs = process.wallShiftMs + timeline.dice.ms(-3_600_000...3_600_000)
        process.wallShiftMs = max(-3_600_000, min(3_600_000, shiftMs))
        timeline.note("wall clock: \(process.wallShiftMs) ms off")
    }
}

// MARK: What the daemon talks to

extension Troubles {
    private func changeRouter(_ release: Int) {
        let index = timeline.dice.int(0...fleet.releases[release].routers.count - 1)
        let isHonest = timeline.dice.chance(percent: 35)
        let mood = isHonest ? .honest : timeline.dice.pick(VirtualRouter.Mood.allCases)
        fleet.releases[release].routers[index].mood = mood
        fleet.releases[release].routers[index].refusesWhenLost = timeline.dice.chance(percent: 50)
        timeline.note("\(fleet.releases[release].routers[index].name): \(mood.rawValue)")
    }

    private func toggleInstance(_ release: Int) {
        let index = timeline.dice.int(0...fleet.releases[release].routers.count - 1)
        fleet.releases[release].routers[index].isLost.toggle()
        let router = fleet.releases[release].routers[index]
        timeline.note("\(router.name): lost \(router.isLost)")
    }

    private func changeLink(_ release: Int) {
        let name = fleet.releases[release].name
        if timeline.dice.chance(percent: 50) {
            links.cutRouters[release].toggle()
            timeline.note("\(name): routers cut \(links.cutRouters[release])")
        } else {
            links.cutTargets[release].toggle()
            timeline.note("\(name): targets cut \(links.cutTargets[release])")
        }
    }

    private func changeService(_ release: Int) {
        func change(_ services: inout [VirtualService]) {
            let index = timeline.dice.int(0...services.count - 1)
            switch timeline.dice.int(0...3) {
            case 0: services[index].isUp.toggle()
            case 1: services[index].isGarbled.toggle()
            default: services[index].restart(wallMs: timeline.wallMs)
            }
            let service = services[index]
            timeline.note("\(service.instance): up \(service.isUp), garbled \(service.isGarbled)")
        }
        if timeline.dice.chance(percent: 50) {
            change(&fleet.releases[release].canary)
        } else {
            change(&fleet.releases[release].baseline)
        }
    }

    private func changeStickyShare(_ release: Int) {
        let isNone = timeline.dice.chance(percent: 50)
        let share = isNone ? 0 : Double(timeline.dice.int(1...30)) / 100
        fleet.releases[release].stickyShare = share
        timeline.note("\(fleet.releases[release].name): \(share) of the clients stick")
    }

    private func changeReceiver() {
        let index = timeline.dice.int(0...fleet.receivers.count - 1)
        let isUp = timeline.dice.chance(percent: 30)
        fleet.receivers[index].mood = isUp ? .up : timeline.dice.pick(VirtualReceiver.Mood.allCases)
        timeline.note("\(fleet.receivers[index].name): \(fleet.receivers[index].mood.rawValue)")
    }
}

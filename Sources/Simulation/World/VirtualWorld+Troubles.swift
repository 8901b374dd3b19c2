/// What goes wrong, who meddles, and the heal.
extension VirtualWorld {
    /// An operator gives the canary its first share.
    func firstDeploy(_ release: Int) { deploy(release, share: dice.ms(500...5_000)) }

    func deploy(_ release: Int, share: Int64, instance: Int? = nil) {
        releases[release].serve(untilMs: nowMs)
        for index in releases[release].routers.indices where instance == nil || instance == index {
            releases[release].routers[index].share = Int(share)
            releases[release].routers[index].revision += 1
            releases[release].routers[index].asked = nil
        }
        note("deployer: \(releases[release].name) \(share) bp\(instance.map { " on instance \($0)" } ?? "")")
    }

    func makeTrouble() {
        guard !isHealed else { return }
        let release = dice.int(0...releases.count - 1)
        releases[release].serve(untilMs: nowMs)
        trouble(dice.pick(swarm.troubles), release)
        after(dice.ms(1...2 * swarm.troubleEveryMs), .trouble)
    }

    private func trouble(_ kind: Swarm.Trouble, _ release: Int) {
        switch kind {
        case .router: changeRouter(release)
        case .lostInstance:
            let index = dice.int(0...releases[release].routers.count - 1)
            releases[release].routers[index].isLost.toggle()
            note("\(releases[release].routers[index].name): lost \(releases[release].routers[index].isLost)")
        case .link: changeLink(release)
        case .disk:
            disk.mood = dice.chance(percent: 40) ? .works : dice.pick(VirtualDisk.Mood.allCases)
            note("disk: \(disk.mood.rawValue)")
        case .service: changeService(release)
        case .receiver:
            let index = dice.int(0...receivers.count - 1)
            receivers[index].mood = dice.chance(percent: 30) ? .up : dice.pick(VirtualReceiver.Mood.allCases)
            note("\(receivers[index].name): \(receivers[index].mood.rawValue)")
        case .wallClock:
            wallShiftMs += dice.ms(-3_600_000...3_600_000)
            wallShiftMs = max(-3_600_000, min(3_600_000, wallShiftMs))
            note("wall clock: \(wallShiftMs) ms off")
        case .crash:
            if dice.chance(percent: 30) { crash(because: "a crash") } else { effectsUntilCrash = dice.int(0...5) }
        case .deployer: meddle(release)
        case .operators: operate(release)
        case .reload: reload(release)
        case .churn: churn(release)
        case .stickyClients:
            let share = dice.chance(percent: 50) ? 0 : Double(dice.int(1...30)) / 100
            releases[release].stickyShare = share
            note("\(releases[release].name): \(share) of the clients stick")
        case .lostCall: losesNextCall = true
        }
    }

    private func changeRouter(_ release: Int) {
        let index = dice.int(0...releases[release].routers.count - 1)
        let mood = dice.chance(percent: 35) ? .honest : dice.pick(VirtualRouter.Mood.allCases)
        releases[release].routers[index].mood = mood
        releases[release].routers[index].refusesWhenLost = dice.chance(percent: 50)
        note("\(releases[release].routers[index].name): \(mood.rawValue)")
    }

    private func changeLink(_ release: Int) {
        if dice.chance(percent: 50) {
            cutRouters[release].toggle()
            note("\(releases[release].name): routers cut \(cutRouters[release])")
        } else {
            cutTargets[release].toggle()
            note("\(releases[release].name): targets cut \(cutTargets[release])")
        }
    }

    private func changeService(_ release: Int) {
        let wallMs = VirtualWorld.epochMs + nowMs
        let isCanary = dice.chance(percent: 50)
        func change(_ services: inout [VirtualService]) {
            let index = dice.int(0...services.count - 1)
            switch dice.int(0...3) {
            case 0: services[index].isUp.toggle()
            case 1: services[index].isGarbled.toggle()
            default: services[index].restart(wallMs: wallMs)
            }
            note("\(services[index].instance): up \(services[index].isUp), garbled \(services[index].isGarbled)")
        }
        if isCanary { change(&releases[release].canary) } else { change(&releases[release].baseline) }
    }

    private func meddle(_ release: Int) {
        let instance = dice.chance(percent: 30) ? dice.int(0...releases[release].routers.count - 1) : nil
        switch dice.int(0...9) {
        case 0: deploy(release, share: 10_000)
        case 1, 2: deploy(release, share: 0)
        default: deploy(release, share: dice.ms(100...9_000), instance: instance)
        }
    }

    private func operate(_ release: Int) {
        after(0, .command(release: release, isRollback: dice.chance(percent: 40)))
    }

    /// An operator's command arrives.
    func command(_ release: Int, isRollback: Bool) {
        let name = releases[release].name
        ask { requests in
            _ =
                isRollback
                ? await requests.rollback(release: name, toVersion: nil, by: "ada", reason: "drawn")
                : await requests.rearm(release: name, by: "ada", reason: "drawn")
        }
    }

    /// The operator on call takes the rest out, if it is still held.
    func reactToReport(_ release: Int) {
        guard nowMs >= stoppedUntilMs, let snapshot = snapshot() else {
            return after(20_000, .operatorReacts(release: release))
        }
        let name = releases[release].name
        let open = snapshot.incidents.first { $0.release == name && $0.isOpen }
        let step = open?.timeline.last { $0.step == "draining" }
        guard step?.detail.contains("stops there") == true else { return }
        // Nothing of the answer is on the disk then: the next life has to ask again.
        if swarm.losesAnAnswer, !hasLostAnAnswer, !isHealed {
            hasLostAnAnswer = true
            daemon?.diesAfterCommand = true
        }
        command(release, isRollback: true)
    }

    /// The daemon's process is stopped (SIGSTOP, a machine that is suspended) and resumes later, with what has come
    /// meanwhile.
    func stop() {
        guard !isHealed else { return }
        if daemon != nil, nowMs >= stoppedUntilMs {
            stoppedUntilMs = min(nowMs + stopDice.ms(500...90_000), swarm.faultPhaseMs)
            note("daemon: stopped until \(stoppedUntilMs)")
        }
        after(stopDice.ms(20_000...200_000), .stop)
    }

    /// All faults end, and no operator interferes any more.
    func heal() {
        note("heal")
        let ambiguousForMs = ambiguousForMs
        isHealed = true
        effectsUntilCrash = nil
        losesNextCall = false
        (lossPerMille, longestDelayMs) = (0, 20)
        disk.mood = .works
        for index in releases.indices {
            releases[index].serve(untilMs: nowMs)
            releases[index].stickyShare = 0
            (cutRouters[index], cutTargets[index]) = (false, false)
            for router in releases[index].routers.indices {
                releases[index].routers[router].mood = .honest
                releases[index].routers[router].isLost = false
            }
            healServices(&releases[index].baseline)
            healServices(&releases[index].canary)
        }
        for index in receivers.indices where receivers[index].mood != .gone { receivers[index].mood = .up }
        for index in draft.releases.indices { draft.releases[index].isListed = true }
        isMisspelt = false
        readFiles()
        checks.healed(atMs: nowMs, ambiguousForMs: ambiguousForMs)
    }

    /// For so long the daemon takes targets whose several processes have become one for several processes still: ten
    /// scrape bodies.
    private var ambiguousForMs: [String: Int64] {
        var times: [String: Int64] = [:]
        for index in releases.indices {
            let isAmbiguous = releases[index].canary.contains { $0.exporter.mood != .plain }
            guard isAmbiguous, let settings = planned(index) else { continue }
            times[releases[index].name] = 10 * settings.scrape.intervalMs
        }
        return times
    }

    private func healServices(_ services: inout [VirtualService]) {
        for index in services.indices {
            services[index].isUp = true
            services[index].isGarbled = false
            services[index].exporter = VirtualExporter()
        }
    }
}

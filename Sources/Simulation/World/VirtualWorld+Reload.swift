import Model

/// The configuration's files are changed, and read again as the daemon's reloader does.
extension VirtualWorld {
    /// An operator edits the files and asks the daemon to read them.
    func reload(_ release: Int) {
        switch dice.int(0...4) {
        case 0: break
        case 1:
            let last = draft.releases[release].rules.count - 1
            draft.releases[release].rules[dice.int(0...last)].forMs = draft.releases[release].intervalMs
        case 2: return misspell()
        case 3: draft.releases[release].isListed = releases.count == 1 || !draft.releases[release].isListed
        default: replaceCanary(release)
        }
        keepOneListed(release)
        let version = draft.releases[release].canary.version
        note("files: \(releases[release].name): \(version), listed \(draft.releases[release].isListed)")
        readFiles()
    }

    private func keepOneListed(_ release: Int) {
        if !draft.releases.contains(where: \.isListed) { draft.releases[release].isListed = true }
    }

    /// A file with an error changes nothing.
    private func misspell() {
        isMisspelt = true
        note("files: an error")
        readFiles()
    }

    /// A new version in the canary's place.
    private func replaceCanary(_ release: Int) {
        versionCounter += 1
        draft.releases[release].canary.version = "v\(versionCounter)"
        releases[release].canaryVersion = "v\(versionCounter)"
        releases[release].serve(untilMs: nowMs)
        for index in releases[release].canary.indices {
            releases[release].canary[index].restart(wallMs: VirtualWorld.epochMs + nowMs)
        }
        releases[release].canarySickness = VirtualRelease.sickness(dice: &dice, percent: 50, afterMs: nowMs)
    }

    /// An instance comes or goes. The process starts before the files name it, and ends before they forget it.
    func churn(_ release: Int) {
        releases[release].serve(untilMs: nowMs)
        let pool: Pool = dice.chance(percent: 50) ? .canary : .baseline
        var services = pool == .canary ? releases[release].canary : releases[release].baseline
        if dice.chance(percent: 60), services.count < 5 {
            instanceCounter += 1
            let new = VirtualService(
                instance: "\(releases[release].name)-x\(instanceCounter):80", isOpenMetrics: dice.chance(percent: 30),
                startedWallMs: VirtualWorld.epochMs + nowMs, paths: dice.int(1...4))
            note("files: \(new.instance) comes")
            services.append(new)
        } else if services.count > 1 {
            let index = dice.int(0...services.count - 1)
            note("files: \(services[index].instance) goes")
            services.remove(at: index)
        }
        switch pool {
        case .baseline:
            releases[release].baseline = services
            draft.releases[release].baseline.instances = services.map(\.instance)
        case .canary:
            releases[release].canary = services
            draft.releases[release].canary.instances = services.map(\.instance)
        }
        readFiles()
    }

    /// The running daemon reads the files. It refuses what would drop a rollback; then an operator asks again later.
    func readFiles() {
        ask { requests in
            if case .refused(let text) = await requests.reload() { self.refusedFiles(text) }
        }
    }

    private func refusedFiles(_ text: String) {
        note("files: refused: \(text.prefix { $0 != "\n" })")
        if !text.contains(ConfigurationDraft.misspeltField) { after(10_000, .readFiles) }
    }

    /// A plan comes into force, by a reload or a start.
    func take(_ next: Plan) {
        for index in releases.indices {
            guard let new = next.releases.first(where: { $0.name == releases[index].name }) else { continue }
            let old = releases[index].lastPlan?.canary.version
            releases[index].lastPlan = new
            if let old, old != new.canary.version { checks.newVersion(release: index) }
        }
        plan = next
    }

    /// What the plan in force says of a release; nil while the files do not name it.
    func planned(_ release: Int) -> ReleasePlan? { plan.releases.first { $0.name == releases[release].name } }
}

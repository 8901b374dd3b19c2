import Model

/// Operators edit the configuration's files, and the daemon reads them again as its reloader does.
///
/// Used on the world's thread alone.
final class FileEdits: @unchecked Sendable {
    private let timeline: Timeline
    private let fleet: Fleet
    private let files: VirtualFiles
    private let process: DaemonProcess
    private var versionCounter = 2
    private var instanceCounter = 0

    init(timeline: Timeline, fleet: Fleet, files: VirtualFiles, process: DaemonProcess) {
        self.timeline = timeline
        self.fleet = fleet
        self.files = files
        self.process = process
    }

    /// An operator edits the files and asks the daemon to read them.
    func reload(_ release: Int) {
        switch timeline.dice.int(0...4) {
        case 0: break
        case 1:
            let last = files.draft.releases[release].rules.count - 1
            let rule = timeline.dice.int(0...last)
            files.draft.releases[release].rules[rule].forMs = files.draft.releases[release].intervalMs
        case 2: return misspell()
        case 3:
            let isListed = fleet.releases.count == 1 || !files.draft.releases[release].isListed
            // The parts of a unit are listed together, or not at all.
            if files.draft.unit == nil { files.draft.releases[release].isListed = isListed }
        default: replaceCanary(release)
        }
        keepOneListed(release)
        let (version, isListed) = (
            files.draft.releases[release].canary.version, files.draft.releases[release].isListed
        )
        timeline.note("files: \(fleet.releases[release].name): \(version), listed \(isListed)")
        readFiles()
    }

    private func keepOneListed(_ release: Int) {
        if !files.draft.releases.contains(where: \.isListed) { files.draft.releases[release].isListed = true }
    }

    /// A file with an error changes nothing.
    private func misspell() {
        files.isMisspelt = true
        timeline.note("files: an error")
        readFiles()
    }

    /// A new version in the canary's place.
    private func replaceCanary(_ release: Int) {
        // There CI does it.
        if fleet.releases[release].isQuick { return }
        versionCounter += 1
        files.draft.releases[release].canary.version = "v\(versionCounter)"
        fleet.releases[release].serve(untilMs: timeline.nowMs)
        for index in fleet.releases[release].canary.indices {
            fleet.releases[release].canary[index].restart(wallMs: timeline.wallMs)
        }
        let sickness = VirtualRelease.sickness(dice: &timeline.dice, percent: 50, afterMs: timeline.nowMs)
        fleet.releases[release].replaceCanary(by: "v\(versionCounter)", sickness, atMs: timeline.nowMs)
    }

    /// An instance comes or goes. The process starts before the files name it, and ends before they forget it.
    func churn(_ release: Int) {
        fleet.releases[release].serve(untilMs: timeline.nowMs)
        let pool: Pool = timeline.dice.chance(percent: 50) ? .canary : .baseline
        var services = pool == .canary ? fleet.releases[release].canary : fleet.releases[release].baseline
        if timeline.dice.chance(percent: 60), services.count < 5 {
            services.append(newService(of: release))
        } else if services.count > 1 {
            let index = timeline.dice.int(0...services.count - 1)
            timeline.note("files: \(services[index].instance) goes")
            services.remove(at: index)
        }
        switch pool {
        case .baseline: fleet.releases[release].baseline = services
        case .canary: fleet.releases[release].canary = services
        }
        // The files have places, whose roles may be exchanged.
        if (pool == .baseline) != fleet.releases[release].isTurned {
            files.draft.releases[release].baseline.instances = services.map(\.instance)
        } else {
            files.draft.releases[release].canary.instances = services.map(\.instance)
        }
        // A list of targets is read by itself.
        if !files.draft.releases[release].isDiscovered { readFiles() }
    }

    private func newService(of release: Int) -> VirtualService {
        instanceCounter += 1
        let new = VirtualService(
            instance: "\(fleet.releases[release].name)-x\(instanceCounter):80",
            isOpenMetrics: timeline.dice.chance(percent: 30), startedWallMs: timeline.wallMs,
            paths: timeline.dice.int(1...4))
        timeline.note("files: \(new.instance) comes")
        return new
    }

    /// The running daemon reads the files. It refuses what would drop a rollback; then an operator asks again later.
    func readFiles() {
        process.ask { requests in
            if case .refused(let text) = await requests.reload() { self.refusedFiles(text) }
        }
    }

    private func refusedFiles(_ text: String) {
        timeline.note("files: refused: \(text.prefix { $0 != "\n" })")
        if !text.contains(ConfigurationDraft.misspeltField) { timeline.after(10_000, .readFiles) }
    }
}

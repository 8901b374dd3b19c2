import ConfigurationFiles
import Daemon
import Logging
import Model

/// The configuration's files, as the daemon reads them.
///
/// Used on the world's thread alone.
final class VirtualFiles: PlanSource, @unchecked Sendable {
    /// What the files say.
    var draft: ConfigurationDraft
    /// The next read finds an error.
    var isMisspelt = false
    /// The newest last.
    private var read: [(texts: [String: String], plan: Plan)] = []

    init(draft: ConfigurationDraft) { self.draft = draft }

    /// What the Rulebook makes of the files. Texts that it has read make the same plan again, and reading them is a third of
    /// what a run costs.
    var plan: Plan {
        let texts = draft.texts
        if let known = read.last(where: { $0.texts == texts }) { return known.plan }
        let plan = draft.plan
        read = Array((read + [(texts, plan)]).suffix(8))
        return plan
    }

    /// With what a centre holds, read as the Rulebook reads it.
    private var readInCentre: [(digest: String, plan: Plan)] = []

    func load(centre state: CentreState?) throws(InvalidConfiguration) -> Plan {
        if let known = readInCentre.last(where: { $0.digest == state?.digest ?? "" }) { return known.plan }
        let result = Rulebook.load(
            configuration: ConfigurationDraft.path,
            files: MemoryFiles([ConfigurationDraft.path: draft.textBesideCentre]), kinds: .all, centre: state)
        guard let plan = result.plan else { throw InvalidConfiguration(result.errors.map(\.description)) }
        readInCentre = Array((readInCentre + [(state?.digest ?? "", plan)]).suffix(8))
        return plan
    }

    func load() throws(InvalidConfiguration) -> Plan {
        guard isMisspelt else { return plan }
        isMisspelt = false
        throw InvalidConfiguration(draft.errorsWhenMisspelt)
    }

    /// Every release is in the files, and they have no error.
    func heal() {
        for index in draft.releases.indices { draft.releases[index].isListed = true }
        isMisspelt = false
    }
}

/// The daemon's log, in the trace.
struct VirtualLog: LogHandler {
    let timeline: Timeline
    let process: DaemonProcess
    let life: Int
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()

    init(timeline: Timeline, process: DaemonProcess, life: Int) {
        self.timeline = timeline
        self.process = process
        self.life = life
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        guard process.isAlive(life) else { return }
        timeline.note("log: \(event.message)")
    }
}

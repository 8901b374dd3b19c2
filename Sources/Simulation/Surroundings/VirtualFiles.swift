import ConfigurationFiles
import Daemon
import Logging
import Model

/// The configuration's files, as the daemon reads them.
struct VirtualFiles: PlanSource {
    let world: VirtualWorld

    func load() throws(InvalidConfiguration) -> Plan {
        guard world.isMisspelt else { return world.draft.plan }
        world.isMisspelt = false
        throw InvalidConfiguration(world.draft.errorsWhenMisspelt)
    }
}

/// The daemon's log, in the trace.
struct VirtualLog: LogHandler {
    let world: VirtualWorld
    let life: Int
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()

    init(world: VirtualWorld, life: Int) {
        self.world = world
        self.life = life
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        guard world.isAlive(life) else { return }
        world.note("log: \(event.message)")
    }
}

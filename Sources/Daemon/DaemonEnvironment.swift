package import Kernel
package import Leases
package import Logging
package import Model
package import Ports
import Scraping
package import SystemSupport
package import TargetSources

/// Everything outside of the process that the daemon's parts reach, and how they reach it. The program passes the
/// machine's clocks, files and connections; the simulation passes virtual ones.
package struct DaemonEnvironment: Sendable {
    package var clock: any DaemonClock
    package var journals: any JournalFiles
    package var network: any DaemonNetwork
    package var secrets: KnownSecrets
    package var files: OpenFiles
    /// What the sources of targets read, and where their lists are kept; by the folder of the state.
    package var targetFiles: any TargetFiles = DiskTargetFiles()
    package var targetLists: @Sendable (String) -> any TargetListStore = { TargetListFiles(stateDirectory: $0) }
    /// Where replicas agree on their leader; nil makes the store that the configuration names.
    package var leaseStore: (@Sendable (ReplicasPlan) -> any LeaseStore)?
    /// Where a replica keeps what was handed over; by the folder of the state.
    package var handovers: @Sendable (String) -> any HandoverStorage = { HandoverFiles(stateDirectory: $0) }
    /// Looks up the names in lists of targets; nil leaves each to the transport, which takes one of its addresses.
    package var hostNames: (any HostNames)?
    /// Takes text that may have come from outside: see ``SafeLogHandler``.
    package var logger: Logger
    /// Nil in the program.
    package var probe: DaemonProbe?

    package init(
        clock: any DaemonClock, journals: any JournalFiles, network: any DaemonNetwork, secrets: KnownSecrets,
        files: OpenFiles, logger: Logger, probe: DaemonProbe? = nil
    ) {
        self.clock = clock
        self.journals = journals
        self.network = network
        self.secrets = secrets
        self.files = files
        self.logger = logger
        self.probe = probe
    }
}

/// The daemon's outgoing connections. Scrapes, router calls, webhooks and sources of targets have transports
/// of their own.
package protocol DaemonNetwork: Sendable {
    /// For the admin APIs of routers.
    var routerCalls: any HTTPTransport { get }
    /// For receivers of notifications.
    var deliveries: any HTTPTransport { get }
    /// For the steps of plans: steps that hang, of many releases at the same time, must not hold up a notification.
    var planCalls: any HTTPTransport { get }
    /// For the sources of targets, whose calls may wait for minutes.
    var discoveryCalls: any HTTPTransport { get }
    /// Connections that all scrapes together may keep open.
    var scrapeConnections: Int { get }

    /// One more transport for scrapes.
    ///
    /// - Parameter connections: that it may keep open.
    func scrapeTransport(connections: Int) -> any OwnedTransport
    /// Ends the transports for router calls and deliveries; the owner of a lane ends the lane's transport.
    func shutdown() async
}

extension DaemonNetwork {
    func scrapeLanes() -> ScrapeLanes {
        ScrapeLanes(connections: scrapeConnections) { scrapeTransport(connections: $0) }
    }
}

/// Watches the daemon from inside, for a simulation that compares what the daemon does with what is true.
package struct DaemonProbe: Sendable {
    /// What the kernel was given.
    package enum Cause {
        case input(Input)
        case command(Command, CommandResult)
        case order(RolloutCommand, RolloutAnswer)
        case groupOrder(GroupOrder, GroupAnswer)
    }

    /// Called after each step of the kernel, before its effects are carried out. The copy of the kernel must not be
    /// kept.
    package var stepped: @Sendable (Cause, [Effect], Kernel, Moment) -> Void
    /// Called with each driver and each receiver that is made; returns what the daemon uses in its place.
    package var driver: @Sendable (any RouterDriver, ReleasePlan) -> any RouterDriver
    package var receiver: @Sendable (any Receiver) -> any Receiver
    /// The same for what carries out the steps of plans.
    package var steps: @Sendable (any StepDriver) -> any StepDriver = { $0 }

    package init(
        stepped: @escaping @Sendable (Cause, [Effect], Kernel, Moment) -> Void,
        driver: @escaping @Sendable (any RouterDriver, ReleasePlan) -> any RouterDriver,
        receiver: @escaping @Sendable (any Receiver) -> any Receiver
    ) {
        self.stepped = stepped
        self.driver = driver
        self.receiver = receiver
    }
}

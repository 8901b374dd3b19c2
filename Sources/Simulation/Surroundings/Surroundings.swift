import Daemon
import Logging
import Model
import Ports
import SystemSupport

/// The daemon's environment, made of the world's parts: every port of it is a virtual one.
struct Surroundings {
    let bug: PlantedBug?
    let timeline: Timeline
    let fleet: Fleet
    let process: DaemonProcess
    let storage: JournalStorage
    let network: NetworkTraffic
    let feed: CheckFeed
    let observer: KernelObserver
    let targetFiles: VirtualTargetFiles
    let targetLists: VirtualTargetLists
    /// Nil for one daemon alone.
    var replica: VirtualReplica?

    /// - Parameter life: its number. Nothing that it does reaches the world once it is over.
    func environment(of life: Int) -> DaemonEnvironment {
        var environment = DaemonEnvironment(
            clock: VirtualClock(process: process, life: life), journals: VirtualJournals(storage: storage, life: life),
            network: VirtualNetwork(traffic: network, life: life), secrets: KnownSecrets(NoSecrets()),
            files: OpenFiles(limit: 1_024, processors: 2),
            logger: Logger(label: "rollguard") { _ in VirtualLog(timeline: timeline, process: process, life: life) },
            probe: probe(of: life))
        environment.targetFiles = targetFiles
        environment.targetLists = { [targetLists, process] _ in
            VirtualTargetStore(lists: targetLists, process: process, life: life)
        }
        if let replica {
            environment.leaseStore = { [process] _ in
                VirtualLeaseStore(world: replica.leases, process: process, life: life)
            }
            environment.handovers = { [process] _ in Shelf(shelf: replica.shelf, process: process, life: life) }
        }
        return environment
    }

    private func probe(of life: Int) -> DaemonProbe {
        DaemonProbe(
            stepped: { cause, effects, kernel, now in
                if process.isAlive(life) { observer.stepped(cause, effects, kernel, now) }
            },
            driver: { driver, plan in
                guard let release = fleet.index(of: plan.name) else { return driver }
                return WatchedDriver(
                    driver: driver, process: process, feed: feed, traffic: network.routers, life: life,
                    release: release)
            },
            receiver: { WatchedReceiver(receiver: $0, bug: bug) })
    }
}

import Model
import Ports

/// Everything that can be waiting in the queue. What belongs to one life of the daemon is awaited under a number that
/// ends with that life, so an answer to a process that is dead resumes no task.
///
/// Indirect, because the queue moves its elements about and some of them are large.
indirect enum Happening {
    /// A sleep of the daemon's, or a write of its disk, is over at this time of its machine's clock.
    case wake(Int, dueMs: Int64)
    /// A request for a scrape body arrives at its target.
    case scrape(Scrape)
    /// A request arrives at a router's instance.
    case routerRequest(RouterRequest)
    /// A request of a plan's step arrives.
    case planRequest(PlanRequest)
    /// A notification arrives at its receiver.
    case notification(Posting)
    /// An answer, or the lack of one, arrives at the daemon.
    case answered(Int, Result<HTTPResponse, TransportError>)
    /// A call arrives at the lease store.
    case storeCall(StoreCall)
    /// Its answer arrives at the daemon.
    case storeAnswered(StoreCall)
    /// The daemon has waited for the answer as long as it does.
    case storeTimedOut(StoreCall)
    case storeTrouble
    case sampleReplicas
    /// A change of the configuration centre.
    case changeCentre
    /// - share: as the router has it.
    case reverted(release: Int, instance: Int, share: Int, revision: Int)
    case deploy(release: Int)
    /// An operator reacts to the report of a rollback that is held at a step.
    case operatorReacts(release: Int)
    /// An operator's command reaches the daemon.
    case command(release: Int, isRollback: Bool)
    /// An operator decides about a plan that waits.
    case planOrder(incident: String, ProcedureOrder)
    /// An order to a led release.
    case order(release: Int)
    case readFiles
    case trouble
    /// The targets of a release with discovery change.
    case moveTargets
    /// The daemon's process is stopped.
    case stop
    case restart
    case heal
    case calm
    case end
}

/// A request for a scrape body.
struct Scrape {
    /// Of ``Links/answers``.
    let wait: Int
    let release: Int
    /// Nil for an instance that is not there any more.
    let pool: Pool?
    let instance: String
    /// When the client gives up.
    let deadlineMs: Int64
}

/// A request to a router's instance.
struct RouterRequest {
    /// Of ``Links/answers``.
    let wait: Int
    /// The driver's call that it belongs to, of ``RouterTraffic/calls``.
    let call: Int
    let instance: Int
    let request: HTTPRequest
}

/// A notification on its way.
struct Posting {
    /// Of ``Links/answers``.
    let wait: Int
    let life: Int
    let receiver: Int
    let delivery: Delivery
    /// The entry behind it, when it was sent from memory because the disk takes nothing.
    let unsaved: JournalEntry?
    /// How long the client waits for the answer.
    let timeoutMs: Int64
}

extension Happening {
    /// It happens in the daemon's process, or in the kernel's buffers on the way to it.
    var isTheDaemons: Bool {
        switch self {
        case .wake, .answered, .storeAnswered, .storeTimedOut, .command, .planOrder, .order, .readFiles: true
        case .scrape, .routerRequest, .planRequest, .notification, .reverted, .deploy, .operatorReacts, .trouble,
            .moveTargets, .stop, .restart, .heal, .calm, .end, .storeCall, .storeTrouble, .sampleReplicas,
            .changeCentre:
            false
        }
    }
}

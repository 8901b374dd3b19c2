import Model
import Ports

/// Everything that can be waiting in the queue. What belongs to one life of the daemon carries its number: an answer to a
/// process that is dead is discarded.
enum Happening {
    case timer(life: Int, uptimeMs: Int64)
    case cycle(life: Int, generation: Int, release: Int)
    /// A cycle does not wait any longer for those that are late.
    case lateEnough(Scrape, cycle: Int)
    case scrape(Scrape)
    case scraped(Scrape, ScrapeReport.Outcome?, body: [UInt8]?)
    case written(life: Int)
    case writeAgain(life: Int)
    case letterArrived(letter: Int, instance: Int)
    case letterAnswered(letter: Int, answer: HTTPResponse)
    case letterRefused(letter: Int)
    case letterTimedOut(letter: Int)
    case reverted(release: Int, instance: Int, share: Int, revision: Int)
    case pump(life: Int)
    case posted(life: Int, receiver: Int, delivery: Delivery)
    case answered(life: Int, receiver: Int, delivery: Delivery, outcome: DeliveryOutcome)
    case deploy(release: Int)
    /// An operator reacts to the report of a held rollback.
    case bodyArrived(release: Int)
    case readFiles
    case trouble
    /// The daemon's process is stopped.
    case stop
    case restart
    case heal
    case calm
    case end
}

/// One target's turn in one cycle.
struct Scrape {
    let life: Int
    let generation: Int
    let release: Int
    let pool: Pool
    let target: Int
    let instance: String
    let deadlineMs: Int64
}

extension Happening {
    /// It happens in the daemon's process, or in the kernel's buffers on the way to it.
    var isTheDaemons: Bool {
        switch self {
        case .timer, .cycle, .lateEnough, .scraped, .written, .writeAgain, .letterAnswered, .letterRefused,
            .letterTimedOut, .pump, .answered, .readFiles:
            true
        case .scrape, .letterArrived, .reverted, .posted, .deploy, .bodyArrived, .trouble, .stop, .restart, .heal,
            .calm, .end:
            false
        }
    }
}

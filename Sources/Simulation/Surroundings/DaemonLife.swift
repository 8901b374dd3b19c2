import Daemon
import Model

/// One process of the daemon: what the world keeps of it while it lives. A crash takes all of it.
///
/// Used on the world's thread alone.
final class DaemonLife: @unchecked Sendable {
    let number: Int
    /// Uptime minus the world's time: another zero after each reboot.
    let uptimeOffsetMs: Int64
    /// The task in which all of the daemon runs.
    var root: Task<Void, Never>?
    /// Nil until the journal is read.
    var parts: DaemonParts?
    /// The process was killed: nothing that it still tries reaches the world.
    var isKilled = false
    /// Why it was killed.
    var death = "a crash"
    /// It dies as soon as the kernel has heard the next command.
    var diesAfterCommand = false
    /// The root task has returned.
    var isOver = false
    /// Handed to the journal's writer and not durable yet, in order.
    var unwritten: [JournalBatch] = []
    /// The disk is writing the first of them.
    var isWriting = false
    /// The disk refused the last write.
    var isDiskFailing = false
    /// The open incident of each release when its last router call was decided.
    var openIncidents: [String?]
    /// The running scrape cycle of each release has ended.
    var isCycleOver: [Bool]

    init(number: Int, uptimeOffsetMs: Int64, releases: Int) {
        self.number = number
        self.uptimeOffsetMs = uptimeOffsetMs
        openIncidents = Array(repeating: nil, count: releases)
        isCycleOver = Array(repeating: true, count: releases)
    }
}

/// A driver's call that is under way.
struct RouterCall {
    let life: Int
    let release: Int
    /// Past it no answer is waited for.
    let endsMs: Int64
    /// The true share of each instance when it was read; nil when it was not reached.
    var truth: [Int?]
    /// Instances that showed something else than the truth.
    var lies: [Bool]
    /// Instances whose share the daemon read in time.
    var isRead: [Bool]

    init(life: Int, release: Int, endsMs: Int64, instances: Int) {
        self.life = life
        self.release = release
        self.endsMs = endsMs
        truth = Array(repeating: nil, count: instances)
        lies = Array(repeating: false, count: instances)
        isRead = lies
    }
}

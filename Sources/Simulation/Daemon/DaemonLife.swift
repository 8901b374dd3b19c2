import Kernel
import Model
import Ports
import Telemetry

/// What one process of the daemon holds in memory; a crash takes all of it.
struct DaemonLife {
    let number: Int
    var kernel: Kernel
    /// Uptime minus the world's time: another zero after each reboot.
    let uptimeOffsetMs: Int64
    /// One per release of the world; nil while the plan does not name it.
    var drivers: [(any RouterDriver)?]
    var timerUptimeMs: Int64?
    /// Of the cycles of each release; a scrape of an earlier one is discarded.
    var generations: [Int]
    /// Scrapes of the running cycle that are not in, per release.
    var pending: [Int]
    /// The running cycle, per release.
    var cycles: [CycleState]
    var cycleBeganMs: [Int64]
    var readers: [ExpositionReader]
    var unwritten: [JournalBatch] = []
    var isWriting = false
    var writePauseMs: Int64 = 50
    var isReceiverBusy: [Bool]
    var receiverPausedUntilMs: [Int64]

    init(number: Int, kernel: Kernel, uptimeOffsetMs: Int64, drivers: [(any RouterDriver)?], receivers: Int) {
        self.number = number
        self.kernel = kernel
        self.uptimeOffsetMs = uptimeOffsetMs
        self.drivers = drivers
        let releases = drivers.count
        generations = Array(repeating: 0, count: releases)
        pending = Array(repeating: 0, count: releases)
        cycles = Array(repeating: CycleState(), count: releases)
        cycleBeganMs = Array(repeating: 0, count: releases)
        readers = []
        isReceiverBusy = Array(repeating: false, count: receivers)
        receiverPausedUntilMs = Array(repeating: 0, count: receivers)
    }

    /// The reader of a target, made when it is first needed.
    mutating func reader(release: Int, instance: String, watch: WatchList, atUptimeMs now: Int64) -> Int {
        if let known = readers.firstIndex(where: { $0.release == release && $0.instance == instance }) { return known }
        guard let reader = try? TargetReader(watch: watch, limits: ScrapeLimits()) else {
            preconditionFailure("the plan factory's selectors can be used")
        }
        readers.append(ExpositionReader(release: release, instance: instance, reader: reader, knownSinceUptimeMs: now))
        return readers.count - 1
    }
}

/// How far a scrape cycle is.
struct CycleState {
    var number = 0
    /// When the last target's turn comes.
    var askedMs: Int64 = 0
    /// Pools of which a scrape body has been read.
    var reported: Set<Pool> = []
    var isJudged = false
}

struct ExpositionReader {
    let release: Int
    let instance: String
    var reader: TargetReader
    /// Only a process that started after this is new.
    var knownSinceUptimeMs: Int64
    var lastReadUptimeMs: Int64?
}

/// A driver's call that is under way.
struct RouterCall {
    enum Kind {
        case apply(Split)
        case observe
    }

    let life: Int
    let number: Int
    let release: Int
    let kind: Kind
    /// Past it no answer is waited for.
    let endsMs: Int64
    /// The true share of each instance when it was read; nil when it was not reached.
    var truth: [Int?]
    /// Instances that showed something else than the truth.
    var lies: [Bool]

    init(life: Int, number: Int, release: Int, kind: Kind, endsMs: Int64, instances: Int) {
        self.life = life
        self.number = number
        self.release = release
        self.kind = kind
        self.endsMs = endsMs
        truth = Array(repeating: nil, count: instances)
        lies = Array(repeating: false, count: instances)
    }
}

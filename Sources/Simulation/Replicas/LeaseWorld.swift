import Leases
import Model

/// The lease store of a world with several daemons, the network to it, and what goes wrong with both.
///
/// Its chance is its own, so that it changes nothing else that is drawn. Used on the world's thread alone.
final class LeaseWorld: @unchecked Sendable {
    let records = LeaseRecords()
    let ttlMs: Int64
    private let timeline: Timeline
    private let swarm: Swarm
    private var dice: Dice
    private var isUp = true
    /// By machine: nothing reaches the store.
    private var isCut: [Bool]
    private var lossPerMille = 0
    private var longestDelayMs: Int64
    private var backup: LeaseRecords.Backup?
    private let hasTroubles: Bool
    /// By machine: since when its calls reach the store and are answered.
    private(set) var reachableSinceMs: [Int64?]
    /// When the store was last restored from a backup.
    private(set) var restoredMs: Int64?

    init(seed: UInt64, swarm: Swarm, timeline: Timeline) {
        (self.swarm, self.timeline) = (swarm, timeline)
        dice = Dice(seed: seed ^ 0x001E_A5E5)
        ttlMs = dice.pick([5_000, 10_000, 15_000])
        isCut = Array(repeating: false, count: swarm.replicas)
        reachableSinceMs = Array(repeating: 0, count: swarm.replicas)
        longestDelayMs = dice.pick([10, 10, 100, 400])
        hasTroubles = dice.chance(percent: 75)
    }

    static func name(ofMachine index: Int) -> String { "rg-\(index + 1)" }

    static func machine(named name: String) -> Int? { Int(name.dropFirst(3)).map { $0 - 1 } }

    func plan(ofMachine index: Int) -> ReplicasPlan {
        ReplicasPlan(name: LeaseWorld.name(ofMachine: index), ttlMs: ttlMs, store: .etcd(EtcdLeasePlan()))
    }

    /// As the configuration says it, of a call.
    var callTimeoutMs: Int64 { LeaseTenure(ttlMs: ttlMs).callTimeoutMs }

    var nowMs: Int64 { timeline.nowMs }

    func note(_ text: String) { timeline.note("store: \(text)") }

    // MARK: Calls

    func send(_ call: StoreCall) {
        timeline.after(callTimeoutMs, .storeTimedOut(call))
        guard !isCut[call.machine], !isLost else { return }
        timeline.after(delayMs, .storeCall(call))
    }

    /// A call arrives; its answer may not.
    func serve(_ call: StoreCall) {
        guard isUp else { return }
        records.advance(toMs: timeline.nowMs)
        call.arrive(records)
        guard !isCut[call.machine], !isLost else { return timeline.note("store: the answer to \(call.what) is lost") }
        timeline.after(delayMs, .storeAnswered(call))
    }

    private var delayMs: Int64 { dice.ms(1...longestDelayMs) }

    private var isLost: Bool { lossPerMille > 0 && dice.int(1...1_000) <= lossPerMille }

    // MARK: Troubles

    func schedule() { if hasTroubles { timeline.at(dice.ms(5_000...60_000), .storeTrouble) } }

    func makeTrouble() {
        guard !timeline.isHealed else { return }
        records.advance(toMs: timeline.nowMs)
        switch dice.int(0...9) {
        case 0, 1: isUp.toggle()
        case 2...5: isCut[dice.int(0...isCut.count - 1)].toggle()
        case 6: lossPerMille = lossPerMille == 0 ? dice.int(10...300) : 0
        case 7: longestDelayMs = dice.pick([10, 100, 400, callTimeoutMs])
        case 8: backup = records.backup
        default: restore()
        }
        let cut = isCut.indices.filter { isCut[$0] }.map { LeaseWorld.name(ofMachine: $0) }
        timeline.note("store: up \(isUp), cut off \(cut), loss \(lossPerMille), up to \(longestDelayMs) ms")
        noteReachability()
        // What is broken stays so for a shorter time than what works.
        let isBroken = !isUp || isCut.contains(true)
        timeline.after(isBroken ? dice.ms(1_000...40_000) : dice.ms(3_000...50_000), .storeTrouble)
    }

    private func restore() {
        guard let backup else { return self.backup = records.backup }
        records.restore(backup)
        restoredMs = timeline.nowMs
        timeline.note("store: restored from a backup")
    }

    private func noteReachability() {
        let isFast = isUp && lossPerMille == 0 && longestDelayMs <= 400
        for machine in isCut.indices {
            reachableSinceMs[machine] = isFast && !isCut[machine] ? reachableSinceMs[machine] ?? timeline.nowMs : nil
        }
    }

    func heal() {
        (isUp, lossPerMille) = (true, 0)
        longestDelayMs = min(longestDelayMs, 100)
        for machine in isCut.indices { isCut[machine] = false }
        noteReachability()
    }
}

/// A call to the store on its way.
final class StoreCall {
    let machine: Int
    let what: String
    /// Its effect.
    let arrive: (LeaseRecords) -> Void
    /// Resumes the caller; true with the answer, false when the time is over.
    let end: (Bool) -> Void

    init(machine: Int, what: String, arrive: @escaping (LeaseRecords) -> Void, end: @escaping (Bool) -> Void) {
        (self.machine, self.what, self.arrive, self.end) = (machine, what, arrive, end)
    }
}

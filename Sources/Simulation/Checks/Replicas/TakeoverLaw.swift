/// A lead that its replica cannot use passes to another replica in time: the lease, and two seconds, while the store and another
/// replica are well.
struct TakeoverLaw {
    private let ttlMs: Int64
    /// By machine: since when its daemon runs, and reaches the store.
    private var wellSinceMs: [Int64?]
    /// Since when no machine that is well leads.
    private var headlessSinceMs: Int64?
    /// Of the lead that was seen last; 0 before the first.
    private var token: UInt64 = 0

    init(ttlMs: Int64, machines: Int) {
        self.ttlMs = ttlMs
        wellSinceMs = Array(repeating: nil, count: machines)
    }

    mutating func sample(_ machines: [Machine], _ leases: LeaseWorld, atMs now: Int64) -> String? {
        for machine in machines { note(machine, leases, now) }
        let leader = leases.records.leadingMachine
        noteLead(leases.records.leader?.token ?? token)
        guard leader.flatMap({ wellSinceMs[$0] }) == nil else {
            headlessSinceMs = nil
            return nil
        }
        let since = headlessSinceMs ?? now
        headlessSinceMs = since
        // A call that was under way when things became well again has to end, and a restored store is a new one.
        let fromMs = max(since, leases.restoredMs ?? 0)
        let limitMs = ttlMs + 2_000 + ReplicaLaws.sampleMs + 4 * 2 * 400
        let candidate = machines.first { machine in
            wellSinceMs[machine.index].map { now - max(fromMs, $0 + leases.callTimeoutMs + 1_000) > limitMs } ?? false
        }
        guard let candidate else { return nil }
        return "no replica that is well has led for \(now - since) ms, and \(candidate.name) is well"
    }

    /// A replica that takes the lead, and is not well any more, has a lease of its own.
    private mutating func noteLead(_ next: UInt64) {
        if next != token { headlessSinceMs = nil }
        token = next
    }

    private mutating func note(_ machine: Machine, _ leases: LeaseWorld, _ now: Int64) {
        let isRunning = machine.process.life?.parts != nil && now >= machine.process.stoppedUntilMs
        let reachableSince = leases.reachableSinceMs[machine.index]
        guard isRunning, let reachableSince else { return wellSinceMs[machine.index] = nil }
        let known = wellSinceMs[machine.index] ?? now
        wellSinceMs[machine.index] = max(
            known, reachableSince, machine.process.lifeBeganMs, machine.process.stoppedUntilMs)
    }
}

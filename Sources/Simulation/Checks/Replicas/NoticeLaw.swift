import Model

/// The intent of a rollback is announced to each receiver, under one id whoever sends it, and not later than twice the lease
/// after a replica that stays well has it on its disk: no replica waits longer for a leader that is gone.
struct NoticeLaw {
    private let ttlMs: Int64
    private let isLossy: Bool
    private var got: Set<String> = []
    /// By incident and receiver.
    private var ids: [String: String] = [:]
    /// By receiver: since when it takes what it gets.
    private var upSinceMs: [Int64?] = []
    /// By machine: since when its disk works.
    private var diskSinceMs: [Int: Int64] = [:]

    init(ttlMs: Int64, isLossy: Bool) { (self.ttlMs, self.isLossy) = (ttlMs, isLossy) }

    mutating func received(_ delivery: Delivery) -> String? {
        got.insert(delivery.id)
        guard delivery.notification.event == .rollbackIntended, let incident = delivery.notification.incident else {
            return nil
        }
        let key = "\(incident) \(delivery.receiver)"
        if let known = ids[key], known != delivery.id {
            return "\(delivery.receiver) gets \(incident) as \(known) and as \(delivery.id)"
        }
        ids[key] = delivery.id
        return nil
    }

    mutating func sample(_ machines: [Machine], _ fleet: Fleet, atMs now: Int64) -> String? {
        if upSinceMs.isEmpty { upSinceMs = fleet.receivers.map { _ in 0 } }
        for index in fleet.receivers.indices {
            upSinceMs[index] = fleet.receivers[index].mood == .up ? upSinceMs[index] ?? now : nil
        }
        for machine in machines { noteRefusals(machine.disk.outbox) }
        for machine in machines {
            diskSinceMs[machine.index] = machine.disk.mood == .works ? diskSinceMs[machine.index] ?? now : nil
            if let detail = late(machine, fleet, now) { return detail }
        }
        return nil
    }

    /// What a receiver has refused for good it has got, whoever sent it.
    private mutating func noteRefusals(_ rows: [VirtualDisk.Waiting]) {
        for row in rows where row.state == .dead { got.insert(row.delivery.id) }
    }

    private mutating func late(_ machine: Machine, _ fleet: Fleet, _ now: Int64) -> String? {
        guard !isLossy, let diskSinceMs = diskSinceMs[machine.index], machine.process.life?.parts != nil,
            now >= machine.process.stoppedUntilMs
        else { return nil }
        let runsSinceMs = max(machine.process.lifeBeganMs, machine.process.stoppedUntilMs, diskSinceMs)
        for row in machine.disk.outbox where isNew(row, now) {
            let delivery = row.delivery
            guard let index = fleet.receivers.firstIndex(where: { $0.name == delivery.receiver }),
                let upSince = upSinceMs[index]
            else { continue }
            let sinceMs = max(row.addedMs, runsSinceMs, upSince)
            // The pause before the next try, which may have been drawn while the receiver was away.
            let limitMs = 2 * ttlMs + 10_000 + 12_000
            if now - sinceMs > limitMs, isInForce(delivery.notification, machine) {
                return
                    "\(machine.name) has had \(delivery.id) for \(now - row.addedMs) ms, and \(delivery.receiver) has not"
            }
        }
        return nil
    }

    /// What is over no replica announces any more, except after ten minutes the one that has the message alone.
    private func isInForce(_ notification: Notification, _ machine: Machine) -> Bool {
        guard let shown = machine.process.snapshot(),
            let release = shown.releases.first(where: { $0.name == notification.release })
        else { return false }
        // Its own name of a rollback may have given way to the leader's.
        if let open = release.openIncident { return open == notification.incident }
        let newest = shown.incidents.filter { $0.release == release.name }.max { $0.intentSequence < $1.intentSequence }
        return release.phase == .rolledBack && newest?.id == notification.incident
    }

    private func isNew(_ row: VirtualDisk.Waiting, _ now: Int64) -> Bool {
        row.delivery.notification.event == .rollbackIntended && !got.contains(row.delivery.id) && row.state != .dead
            && now - row.addedMs < 300_000
    }
}

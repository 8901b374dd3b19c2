import Model

/// The disk under the journal, with the time that it takes and what follows from a write.
struct JournalStorage {
    let bug: PlantedBug?
    let isDryRun: Bool
    let timeline: Timeline
    let fleet: Fleet
    let process: DaemonProcess
    let disk: VirtualDisk
    /// Of a dry run: the journal of the runs that move traffic.
    let inheritedDisk: VirtualDisk
    let operators: Operators
    let checks: Checkers

    /// Writes a batch, which takes its time.
    ///
    /// - Returns: false when the disk took nothing, or the process died meanwhile.
    func write(_ batch: JournalBatch, life number: Int) async -> Bool {
        guard process.isAlive(number), let life = process.life else {
            await process.hang()
            return false
        }
        life.isWriting = true
        process.countDownToCrash()
        let tookMs = disk.mood == .slow ? timeline.dice.ms(100...4_000) : timeline.dice.ms(1...15)
        guard await process.pause(ms: tookMs, life: number), process.isAlive(number) else { return false }
        life.isWriting = false
        life.isDiskFailing = !disk.canWrite
        guard disk.canWrite else {
            timeline.note("disk: \(disk.problem)")
            return false
        }
        disk.append(batch, atMs: timeline.nowMs)
        if life.unwritten.first?.entries.first?.sequence == batch.entries.first?.sequence {
            life.unwritten.removeFirst()
        }
        timeline.note("disk: durable through \(batch.entries.last?.sequence ?? 0)")
        checks.becameDurable(batch, receivers: fleet.plan.receivers)
        for entry in batch.entries { operators.isNotified(of: entry) }
        process.countDownToCrash()
        return true
    }

    /// What the daemon is given of the journal.
    func remembered(of entries: [JournalEntry]) -> [JournalEntry] {
        switch bug {
        case .forgetIntentOnRestart:
            entries.filter { if case .intended = $0.event { false } else { true } }
        case .forgetLatchOnRestart:
            entries.filter { $0.incident == nil && $0.event != .ended(.rolledBack) }
        default: entries
        }
    }
}

import Model

/// The disk under the journal.
extension VirtualWorld {
    /// Writes a batch, which takes its time.
    ///
    /// - Returns: false when the disk took nothing, or the process died meanwhile.
    func write(_ batch: JournalBatch, life number: Int) async -> Bool {
        guard isAlive(number), let life = daemon else {
            await hang()
            return false
        }
        life.isWriting = true
        countDownToCrash()
        let tookMs = disk.mood == .slow ? dice.ms(100...4_000) : dice.ms(1...15)
        guard await pause(ms: tookMs, life: number), isAlive(number) else { return false }
        life.isWriting = false
        life.isDiskFailing = !disk.canWrite
        guard disk.canWrite else {
            note("disk: \(disk.problem)")
            return false
        }
        disk.append(batch, atMs: nowMs)
        if life.unwritten.first?.entries.first?.sequence == batch.entries.first?.sequence {
            life.unwritten.removeFirst()
        }
        note("disk: durable through \(batch.entries.last?.sequence ?? 0)")
        checks.becameDurable(batch, receivers: plan.receivers)
        for entry in batch.entries { callOperator(entry) }
        countDownToCrash()
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

    /// A rollback that waits at a step needs an operator, who takes a while.
    private func callOperator(_ entry: JournalEntry) {
        guard case .draining(let record) = entry.event, record.isHeld, let index = releaseIndex(entry.release) else {
            return
        }
        after(40_000, .operatorReacts(release: index))
    }
}

import Model

/// The journal's writer: one batch after the other, each tried until it is on the disk.
extension VirtualWorld {
    func append(_ batch: JournalBatch) {
        for entry in batch.entries {
            note("append \(entry.sequence) \(entry.release): \(entry.event.name): \(entry.event.text)")
        }
        checkAppend(batch)
        daemon?.unwritten.append(batch)
        if bug == .deliverBeforeDurable { hasted += batch.deliveries }
        if daemon?.isWriting == false { write() }
        if bug == .actBeforeDurable { haste(batch) }
    }

    private func haste(_ batch: JournalBatch) {
        for entry in batch.entries {
            guard case .intended = entry.event, let index = releaseIndex(entry.release) else { continue }
            note("\(entry.release): apply, before the intent is durable")
            checkApply(index, .allBaseline)
        }
    }

    /// A held rollback needs an operator, who takes a while.
    private func alertOperator(_ entry: JournalEntry) {
        guard case .draining(let record) = entry.event, record.isHeld, let index = releaseIndex(entry.release) else {
            return
        }
        after(40_000, .bodyArrived(release: index))
    }

    func write() {
        guard let life = daemon, !life.unwritten.isEmpty else { return }
        daemon?.isWriting = true
        let tookMs = disk.mood == .slow ? dice.ms(100...4_000) : dice.ms(1...15)
        after(tookMs, .written(life: life.number))
    }

    /// The disk has answered.
    func written(life: Int) {
        guard isAlive(life), let batch = daemon?.unwritten.first else { return }
        guard disk.canWrite else {
            note("disk: \(disk.problem)")
            let pause = daemon?.writePauseMs ?? 50
            daemon?.writePauseMs = min(2_000, pause * 2)
            after(pause, .writeAgain(life: life))
            return send(.journalFailing(reason: disk.problem))
        }
        disk.append(batch, atMs: nowMs)
        daemon?.unwritten.removeFirst()
        daemon?.writePauseMs = 50
        daemon?.isWriting = false
        guard let last = batch.entries.last else { return }
        note("disk: durable through \(last.sequence)")
        checks.becameDurable(batch, receivers: plan.receivers)
        for entry in batch.entries { alertOperator(entry) }
        write()
        send(.journalDurable(through: last.sequence))
        nudge()
    }
}

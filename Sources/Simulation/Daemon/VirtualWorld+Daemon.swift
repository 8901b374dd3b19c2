import Kernel
import Model

/// The daemon's process: the kernel, its inputs and effects, its end and its return.
extension VirtualWorld {
    func boot() {
        lives += 1
        lifeBeganMs = nowMs
        take(draft.plan)
        let read = disk.recover(trusting: bug == .tornRecordIsRead)
        checks.readBack(read, written: disk.entries)
        let kernel = Kernel(
            plan: plan, replaying: remembered(of: read), journalIdentity: disk.identity, isDryRun: swarm.isDryRun,
            seed: dice.raw(), at: Moment(uptimeMs: nowMs + uptimeOffsetMs, wallMs: moment.wallMs))
        daemon = DaemonLife(
            number: lives, kernel: kernel, uptimeOffsetMs: uptimeOffsetMs,
            drivers: releases.indices.map { planned($0).map(makeDriver) }, receivers: receivers.count)
        note("daemon: life \(lives) begins with \(disk.entries.count) entries")
        checks.began(snapshot: kernel.snapshot(at: moment), entries: disk.entries, wallShiftMs: wallShiftMs)
        for index in releases.indices { startCycles(of: index) }
        send(.tick)
        pumpWhatWaits()
    }

    /// What the kernel learns of the journal.
    private func remembered(of entries: [JournalEntry]) -> [JournalEntry] {
        switch bug {
        case .forgetIntentOnRestart:
            entries.filter { if case .intended = $0.event { false } else { true } }
        case .forgetLatchOnRestart:
            entries.filter { $0.incident == nil && $0.event != .ended(.rolledBack) }
        default: entries
        }
    }

    func send(_ input: Input) {
        guard daemon != nil else { return }
        let effects = daemon!.kernel.step(input, at: moment)
        carryOut(effects)
        setTimer()
    }

    func command(_ command: Command) {
        guard daemon != nil else { return }
        let (result, effects) = daemon!.kernel.command(command, by: "ada", reason: "drawn", at: moment)
        note("operator: \(command) -> \(result)")
        carryOut(effects)
        setTimer()
    }

    private func setTimer() {
        guard bug != .noTimer, let life = daemon, let wake = life.kernel.nextWakeUptimeMs else { return }
        guard wake != life.timerUptimeMs else { return }
        daemon?.timerUptimeMs = wake
        after(max(1, wake - moment.uptimeMs), .timer(life: life.number, uptimeMs: wake))
    }

    func timerRang(life: Int, uptimeMs: Int64) {
        guard isAlive(life), daemon?.timerUptimeMs == uptimeMs else { return }
        daemon?.timerUptimeMs = nil
        send(.tick)
    }

    private func carryOut(_ effects: [Effect]) {
        for effect in effects {
            guard daemon != nil else { return }
            switch effect {
            case .append(let batch): append(batch)
            case .applySplit(let release, let call, let split, let timeoutMs, _):
                guard let index = releaseIndex(release) else { continue }
                note("\(release): apply \(split.canaryBasisPoints) bp, call \(call)")
                checkApply(index, split)
                startCall(index, call, .apply(split), timeoutMs)
            case .observeSplit(let release, let call, let timeoutMs, _):
                guard let index = releaseIndex(release) else { continue }
                note("\(release): observe, call \(call)")
                startCall(index, call, .observe, timeoutMs)
            case .showPlannedCalls(let release, _): note("\(release): dry run")
            case .log(let line): note("log: \(line.release ?? ""): \(line.text)")
            case .measure(let measurement):
                checkMeasurement(measurement)
                continue
            }
            countDownToCrash()
        }
    }

    func releaseIndex(_ name: String) -> Int? { releases.firstIndex { $0.name == name } }

    private func countDownToCrash() {
        guard let left = effectsUntilCrash else { return }
        effectsUntilCrash = left - 1
        if left <= 0 { crash(because: "a crash between two effects") }
    }

    /// All that was in memory is gone; what was on its way to the disk may or may not have arrived.
    func crash(because reason: String) {
        effectsUntilCrash = nil
        stoppedUntilMs = -1_000_000
        guard let life = daemon else { return }
        if bug == .diskLies { disk.lose(lastCommits: 2) }
        if life.isWriting, let batch = life.unwritten.first, disk.canWrite { interrupt(batch) }
        let isNothingLost = !life.isWriting && life.unwritten.isEmpty
        checks.ended(snapshot: life.kernel.snapshot(at: moment), isNothingLost: isNothingLost && bug == nil)
        daemon = nil
        pastLives.append(lifeBeganMs...nowMs)
        note("daemon: \(reason)")
        abandonLetters()
        // A reboot begins another uptime; a mere restart continues the old one.
        if dice.chance(percent: 30) { uptimeOffsetMs = 5_000 - nowMs }
        after(isHealed ? 1_000 : dice.ms(200...40_000), .restart)
    }

    /// The batch that was being written is there, is not there, or is there in part.
    private func interrupt(_ batch: JournalBatch) {
        switch dice.int(0...2) {
        case 0: break
        case 1:
            disk.tear(batch, keptPerMille: dice.int(0...1_000))
            note("disk: the last batch is torn")
        default:
            disk.append(batch, atMs: nowMs)
            note("disk: the last batch did arrive")
            checks.becameDurable(batch, receivers: plan.receivers)
        }
    }
}

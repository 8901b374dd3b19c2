import Kernel
import Model
import Telemetry

/// Scrape cycles, as the daemon's scrape service runs them.
extension VirtualWorld {
    /// Starts a release's cycles; those that ran end.
    func startCycles(of release: Int) {
        guard let life = daemon else { return }
        let generation = life.generations[release] + 1
        daemon?.generations[release] = generation
        daemon?.cycleBeganMs[release] = nowMs
        after(0, .cycle(life: life.number, generation: generation, release: release))
    }

    func beginCycle(_ life: Int, _ generation: Int, _ release: Int) {
        guard isAlive(life), daemon?.generations[release] == generation, let settings = planned(release) else {
            return
        }
        var order: Int64 = 0
        let targets = settings.baseline.targets.count + settings.canary.targets.count
        let stepMs = min(settings.scrape.intervalMs / 10, 1_000) / Int64(targets)
        daemon?.pending[release] = targets
        let number = (daemon?.cycles[release].number ?? 0) + 1
        daemon?.cycles[release] = CycleState(number: number, askedMs: nowMs + stepMs * Int64(targets - 1))
        checks.cycleBegan(release: release)
        for pool in Pool.allCases {
            for (index, target) in settings.pool(pool).targets.enumerated() {
                let scrape = Scrape(
                    life: life, generation: generation, release: release, pool: pool, target: index,
                    instance: target.instance, deadlineMs: nowMs + stepMs * order + settings.scrape.timeoutMs)
                after(stepMs * order + delayMs / 2, .scrape(scrape))
                order += 1
            }
        }
    }

    /// The request arrives at the target.
    func serve(_ scrape: Scrape) {
        releases[scrape.release].serve(untilMs: nowMs)
        if isLost || cutTargets[scrape.release] || isLost {
            queue.add(.scraped(scrape, .failure("no answer in time"), body: nil), atMs: scrape.deadlineMs)
            return
        }
        let body = releases[scrape.release].body(of: scrape.pool, instance: scrape.instance, atMs: nowMs)
        guard let body else {
            return after(delayMs / 2, .scraped(scrape, VirtualWorld.refused, body: nil))
        }
        let arrivesMs = nowMs + delayMs / 2
        if arrivesMs > scrape.deadlineMs {
            queue.add(.scraped(scrape, .failure("no answer in time"), body: nil), atMs: scrape.deadlineMs)
        } else {
            queue.add(.scraped(scrape, nil, body: body), atMs: arrivesMs)
        }
    }

    /// Nothing listens there.
    private static let refused = ScrapeReport.Outcome.failure("connection refused")

    /// The answer, or its absence, arrives at the daemon.
    func take(_ scrape: Scrape, _ failure: ScrapeReport.Outcome?, _ body: [UInt8]?) {
        guard isAlive(scrape.life), daemon?.generations[scrape.release] == scrape.generation else { return }
        let outcome = bent(failure ?? read(body ?? [], scrape), scrape)
        if case .failure(let reason) = outcome { note("scrape: \(scrape.instance): \(reason)") }
        let report = ScrapeReport(
            release: releases[scrape.release].name, pool: scrape.pool, target: scrape.target,
            instance: scrape.instance, outcome: outcome, isUnreachable: failure == VirtualWorld.refused)
        checks.scraped(report, release: scrape.release)
        send(.scraped(report))
        if case .success = outcome { reported(scrape) }
        daemon?.pending[scrape.release] -= 1
        if daemon?.pending[scrape.release] == 0 { endCycle(scrape) }
    }

    /// Both pools have reported: from here on the late ones are not waited for long, where the plan says so.
    private func reported(_ scrape: Scrape) {
        guard let lateAfterMs = planned(scrape.release)?.scrape.lateAfterMs else { return }
        guard daemon?.cycles[scrape.release].reported.insert(scrape.pool).inserted == true else { return }
        guard let cycle = daemon?.cycles[scrape.release], cycle.reported.count == Pool.allCases.count else { return }
        let askedMs = max(nowMs, cycle.askedMs)
        after(askedMs - nowMs + lateAfterMs, .lateEnough(scrape, cycle: cycle.number))
    }

    func judgeWithoutTheLate(_ scrape: Scrape, _ cycle: Int) {
        guard isAlive(scrape.life), daemon?.generations[scrape.release] == scrape.generation else { return }
        guard daemon?.cycles[scrape.release].number == cycle else { return }
        judge(scrape.release)
    }

    private func judge(_ release: Int) {
        guard daemon?.cycles[release].isJudged == false else { return }
        daemon?.cycles[release].isJudged = true
        note("\(releases[release].name): cycle ends")
        send(.cycleEnded(release: releases[release].name))
        checkCycle(release)
    }

    private func endCycle(_ scrape: Scrape) {
        judge(scrape.release)
        guard let intervalMs = planned(scrape.release)?.scrape.intervalMs else { return }
        guard var next = daemon?.cycleBeganMs[scrape.release] else { return }
        // A cycle that took too long skips the ones it missed.
        next += ((nowMs - next) / intervalMs + 1) * intervalMs
        daemon?.cycleBeganMs[scrape.release] = next
        queue.add(
            .cycle(life: scrape.life, generation: scrape.generation, release: scrape.release), atMs: next)
    }

    private func read(_ body: [UInt8], _ scrape: Scrape) -> ScrapeReport.Outcome {
        guard daemon != nil, let watch = planned(scrape.release)?.indicators(of: scrape.pool) else {
            return .failure("dead")
        }
        let release = releases[scrape.release]
        let pool = scrape.pool == .baseline ? release.baseline : release.canary
        let isOpenMetrics = pool.first { $0.instance == scrape.instance }?.isOpenMetrics ?? false
        let watched = daemon!.kernel.watchedSinceUptimeMs(release: release.name)
        let moment = bodyTime(scrape)
        let uptimeMs = moment.uptimeMs
        let index = daemon!.reader(
            release: scrape.release, instance: scrape.instance, watch: watch, atUptimeMs: uptimeMs)
        if let last = daemon!.readers[index].lastReadUptimeMs, uptimeMs - last > 300_000 {
            daemon!.readers[index].reader.forget()
            daemon!.readers[index].knownSinceUptimeMs = last
        }
        do throws(ExpositionError) {
            let reading = try daemon!.readers[index].reader.read(
                body, format: isOpenMetrics ? .openMetrics : .prometheusText, atUptimeMs: uptimeMs,
                countNewWithin: watched.map { [known = daemon!.readers[index].knownSinceUptimeMs] since in
                    NewProcesses.started(sinceUptimeMs: max(since, known), at: moment)
                })
            daemon!.readers[index].lastReadUptimeMs = uptimeMs
            return .success(reading, warnings: [])
        } catch {
            return .failure("the scrape body: \(error.reason)")
        }
    }

    /// As the daemon dates a scrape body: one whose answer seems to have come after its deadline came while the process
    /// was stopped.
    private func bodyTime(_ scrape: Scrape) -> Moment {
        var time = moment
        let lateMs = nowMs - scrape.deadlineMs
        if lateMs > 0 { (time.uptimeMs, time.wallMs) = (time.uptimeMs - lateMs, time.wallMs - lateMs) }
        return time
    }

    /// Where a planted bug bends what was read.
    private func bent(_ outcome: ScrapeReport.Outcome, _ scrape: Scrape) -> ScrapeReport.Outcome {
        switch (bug, outcome) {
        case (.failureIsBreach?, .failure) where scrape.pool == .canary:
            .success(
                TargetReading(
                    requests: 500, errors: 500, matches: .init(requests: 1, errors: 1), samples: 1, coveredSeconds: 5),
                warnings: [])
        case (.receiptIsProof?, .success(var reading, let warnings))
        where scrape.pool == .canary && releases[scrape.release].routers.contains { $0.claimed != nil }:
            { () -> ScrapeReport.Outcome in
                reading.requests = reading.requests.map { _ in 0 }
                return .success(reading, warnings: warnings)
            }()
        case (.poolsMixedUp?, .success(var reading, let warnings)):
            { () -> ScrapeReport.Outcome in
                reading.errors = reading.errors.map { _ in 0 }
                reading.latency = .absent
                return .success(reading, warnings: warnings)
            }()
        default: outcome
        }
    }
}

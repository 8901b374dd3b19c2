import Kernel
import Model
import Telemetry

/// Runs a recorded release through the kernel: real scrape bodies, the real reader, a router that makes every change.
struct ReplayedRelease {
    private var kernel: Kernel
    private let release: ReleasePlan
    private var readers: [TargetReader]
    private var now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000)
    private var canaryBasisPoints = 1_000

    /// Names of rules that fired, in order, without doubles.
    private(set) var fired: [String] = []
    private(set) var isRolledBack = false
    /// Cycle of the first alert.
    private(set) var firedAtCycle: Int?
    private var cycle = 0

    init(plan: Plan) throws {
        release = plan.releases[0]
        kernel = Kernel(plan: plan, journalIdentity: "replayed", seed: 1, at: now)
        let release = release
        readers = try Pool.allCases.map { pool in
            try TargetReader(watch: release.indicators(of: pool), limits: release.scrape.limits)
        }
        carryOut(kernel.step(.tick, at: now))
    }

    mutating func run(_ recording: Recording) {
        for bodies in recording.cycles {
            report(.baseline, bodies.baseline)
            report(.canary, bodies.canary)
            carryOut(kernel.step(.cycleEnded(release: release.name), at: now))
            cycle += 1
            // The clock moves on in the kernel's own steps.
            let next = now.uptimeMs + Recording.intervalMs
            while let wake = kernel.nextWakeUptimeMs, wake <= next {
                advance(to: max(wake, now.uptimeMs + 1))
                carryOut(kernel.step(.tick, at: now))
            }
            advance(to: next)
        }
    }

    private mutating func advance(to uptimeMs: Int64) {
        now.wallMs += max(0, uptimeMs - now.uptimeMs)
        now.uptimeMs = max(now.uptimeMs, uptimeMs)
    }

    private mutating func report(_ pool: Pool, _ body: [UInt8]?) {
        let outcome: ScrapeReport.Outcome
        do {
            guard let body else { throw ExpositionError(line: 0, reason: "connection refused") }
            let index = pool == .baseline ? 0 : 1
            let reading = try readers[index].read(
                body, format: .prometheusText, atUptimeMs: now.uptimeMs, countNewWithin: nil)
            outcome = .success(reading, warnings: [])
        } catch {
            outcome = .failure("\(error)")
        }
        let instance = release.pool(pool).targets[0].instance
        let report = ScrapeReport(release: release.name, pool: pool, target: 0, instance: instance, outcome: outcome)
        carryOut(kernel.step(.scraped(report), at: now))
    }

    private mutating func carryOut(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .append(let batch):
                note(batch)
                guard let last = batch.entries.last else { continue }
                carryOut(kernel.step(.journalDurable(through: last.sequence), at: now))
            case .applySplit(let name, let call, let split, _, _):
                canaryBasisPoints = split.canaryBasisPoints
                isRolledBack = split == .allBaseline
                let receipt = RouterReceipt(instance: "router", outcome: .accepted)
                carryOut(kernel.step(.routerApplied(release: name, call: call, receipts: [receipt]), at: now))
            case .observeSplit(let name, let call, _, _):
                let seen = RouterObservation(instance: "router", canaryBasisPoints: canaryBasisPoints, level: .acked)
                carryOut(kernel.step(.routerObserved(release: name, call: call, observations: [seen]), at: now))
            case .showPlannedCalls, .log, .measure, .aim, .poolsChanged, .askGate, .forceRoute, .runStep, .checkStep,
                .readSchema, .askCompanion,
                .publish, .announceRollback, .shareOperators:
                continue
            }
        }
    }

    private mutating func note(_ batch: JournalBatch) {
        for entry in batch.entries {
            guard case .alertFiring(let alert) = entry.event, !fired.contains(alert.rule) else { continue }
            fired.append(alert.rule)
            firedAtCycle = firedAtCycle ?? cycle
        }
    }
}

import Discovery
import Logging
import Model
import Ports
import TargetSources

/// Reads the sources of targets and hands their lists to the kernel. Each source has a task of its own, and none of them has
/// a connection in common with scrapes and router calls.
actor TargetService {
    /// Answers that come so soon after each other are taken up together.
    private static let settleMs: Int64 = 200
    /// While lists keep changing, they are taken up so often at the most.
    private static let busyMs: Int64 = 2_000
    /// Of a long list that keeps changing, taking it up must not take more of the time than one part in so many …
    private static let timeShare: Int64 = 40
    /// … as long as it is taken up at least so often.
    private static let longestBusyMs: Int64 = 15_000
    /// A list on the disk that is older is used with a warning.
    private static let storedLimitMs: Int64 = 24 * 3_600_000
    /// Lists are written so often at the most, and so often at the least.
    private static let saveEveryMs: Int64 = 10_000
    private static let resaveEveryMs: Int64 = 3_600_000
    /// How often the age of the lists is checked: a source that hangs gives no answer that could say so.
    private static let ageEveryMs: Int64 = 10_000

    private let setup: SourceSetup
    private let store: any TargetListStore
    private let watchdog: Watchdog
    private let logger: Logger
    private let meter: KernelMeter
    private var entries: [String: Entry] = [:]
    private var isStopped = false
    /// By release, also of those that the plan does not name any more: the kernel takes no list that is older than its own.
    private var revisions: [String: Int] = [:]

    private struct Entry {
        var roster: TargetRoster
        var tasks: [Task<Void, Never>]
        /// Distinguishes answers of sources that are read now from late ones of earlier ones.
        let number: Int
        var update: Task<Void, Never>?
        var lastUpdateUptimeMs: Int64?
        /// How long that took.
        var lastUpdateTookMs: Int64 = 0
        var savedUptimeMs: Int64?
        var mustSave = false
        /// What the kernel was given of the sources last.
        var reported: TargetSourcesState?
    }

    private var clock: any DaemonClock { setup.clock }
    private var number = 0

    init(
        setup: SourceSetup, store: any TargetListStore, watchdog: Watchdog, logger: Logger, meter: KernelMeter
    ) {
        (self.setup, self.store, self.watchdog) = (setup, store, watchdog)
        (self.logger, self.meter) = (logger, meter)
    }

    // MARK: Plans

    /// Reads the sources of this plan from now on. Those of a release whose sources are unchanged continue.
    func follow(_ plan: Plan) async {
        guard !isStopped else { return }
        let discovering = plan.releases.filter { $0.discovery != nil || looksUpNames(of: $0) }
        for name in entries.keys.sorted() where !discovering.contains(where: { $0.name == name }) { drop(name) }
        for release in discovering { await follow(release) }
    }

    private func looksUpNames(of release: ReleasePlan) -> Bool { setup.names != nil && !release.hostNames.isEmpty }

    private func drop(_ name: String) {
        guard let entry = entries.removeValue(forKey: name) else { return }
        revisions[name] = entry.roster.lists.revision
        for task in entry.tasks { task.cancel() }
        entry.update?.cancel()
    }

    private func follow(_ release: ReleasePlan) async {
        if let entry = entries[release.name], entry.roster.release == release { return }
        let before = entries[release.name]
        drop(release.name)
        number += 1
        let now = clock.now
        let made = (release.discovery?.sources ?? []).compactMap { plan in
            TargetSourceKinds.source(plan, setup).map { (plan, $0) }
        }
        let names = namesSource(of: release)
        func entry(_ plan: SourcePlan, _ source: any TargetSource) -> TargetRoster.Source {
            TargetRoster.Source(
                plan: plan, name: source.name, refreshMs: source.refreshMs,
                list: SourceList(times: .standard(refreshMs: source.refreshMs, takenEveryMs: Self.longestBusyMs)))
        }
        do {
            var roster = try TargetRoster(
                release, sources: made.map(entry), namesSource: names.map(entry),
                revision: revisions[release.name] ?? 0, at: now)
            if let before { roster.continueFrom(before.roster) } else { restore(&roster, at: now) }
            entries[release.name] = Entry(roster: roster, tasks: [], number: number)
        } catch { return logger.error("\(release.name): the sources of targets cannot be read: \(error)") }
        // Without any list the first answer is taken up at once.
        if entries[release.name]?.roster.hasAnyList == true { await update(release.name) }
        start((made + [names].compactMap { $0 }).map(\.1), release.name)
    }

    /// Nil where there is nothing to look up.
    private func namesSource(of release: ReleasePlan) -> (SourcePlan, any TargetSource)? {
        guard let lookup = setup.names, !release.hostNames.isEmpty else { return nil }
        let plan = HostNamesPlan(names: release.hostNames)
        return (SourcePlan(plan), HostNamesSource(plan, lookup: lookup, clock: setup.clock))
    }

    private func start(_ sources: [any TargetSource], _ release: String) {
        let number = number
        entries[release]?.tasks = sources.enumerated().map { index, source in
            clock.start { [weak self] in
                await source.run { [weak self] answer in
                    await self?.take(answer, source: index, of: release, number: number)
                }
            }
        }
        entries[release]?.tasks.append(watchAge(of: release, number: number))
    }

    private func watchAge(of release: String, number: Int) -> Task<Void, Never> {
        clock.start { [weak self, clock] in
            while !Task.isCancelled {
                let beganMs = clock.now.uptimeMs
                do { try await clock.sleep(ms: Self.ageEveryMs) } catch { return }
                let passedMs = min(clock.now.uptimeMs - beganMs, 2 * Self.ageEveryMs)
                await self?.pass(ms: passedMs, release, number: number)
                await self?.reportSources(of: release, number: number)
            }
        }
    }

    private func pass(ms: Int64, _ release: String, number: Int) {
        guard entries[release]?.number == number else { return }
        entries[release]?.roster.pass(ms: ms)
    }

    private func restore(_ roster: inout TargetRoster, at now: Moment) {
        let name = roster.release.name
        guard let bytes = store.load(release: name) else { return }
        guard let stored = StoredTargetLists(bytes) else {
            return logger.warning("\(name): the list of targets on the disk cannot be read; the sources are waited for")
        }
        roster.restore(stored)
        let ageMs = now.wallMs - stored.savedWallMs
        if ageMs > Self.storedLimitMs || ageMs < 0 {
            logger.warning(
                "\(name): the list of targets on the disk is \(ageMs / 3_600_000) h old; it is used until the sources answer"
            )
        }
    }

    // MARK: Answers

    private func take(_ answer: SourceAnswer, source index: Int, of release: String, number: Int) async {
        guard let entry = entries[release], entry.number == number, !isStopped else { return }
        entries[release]?.roster.take(answer, source: index, at: clock.now)
        note(entry.roster.sources[index].problem, entries[release]?.roster.sources[index], release)
        await reportSources(of: release, number: number)
        if case .failed = answer { return }
        guard entry.lastUpdateUptimeMs != nil else { return await update(release) }
        scheduleUpdate(release)
    }

    /// A source that fails, or works again, is in the log once.
    ///
    /// - Parameter before: its problem before this answer.
    private func note(_ before: String?, _ source: TargetRoster.Source?, _ release: String) {
        guard let source else { return }
        if before == nil, let reason = source.problem {
            logger.warning("\(release): \(source.name) cannot be read, its last list stays in force: \(reason)")
        } else if before != nil, source.problem == nil {
            logger.info("\(release): \(source.name) can be read again")
        }
    }

    /// The kernel reports to operators what has changed.
    private func reportSources(of release: String, number: Int) async {
        guard let entry = entries[release], entry.number == number, !isStopped,
            let state = entry.roster.state(at: clock.now), state != entry.reported
        else { return }
        entries[release]?.reported = state
        await watchdog.send(.sourcesChanged(release: release, state))
    }

    private func scheduleUpdate(_ release: String) {
        guard let entry = entries[release], entry.update == nil else { return }
        let busyMs = min(Self.longestBusyMs, max(Self.busyMs, Self.timeShare * entry.lastUpdateTookMs))
        let sinceMs = entry.lastUpdateUptimeMs.map { clock.now.uptimeMs - $0 } ?? busyMs
        let pauseMs = max(Self.settleMs, busyMs - sinceMs)
        let number = entry.number
        entries[release]?.update = clock.start { [weak self, clock] in
            do { try await clock.sleep(ms: pauseMs) } catch { return }
            await self?.updateIfCurrent(release, number)
        }
    }

    private func updateIfCurrent(_ release: String, _ number: Int) async {
        guard entries[release]?.number == number else { return }
        entries[release]?.update = nil
        await update(release)
    }

    private func update(_ release: String) async {
        guard var entry = entries[release], entry.roster.isReady(at: clock.now) else { return }
        let beganMs = clock.now.uptimeMs
        let change = entry.roster.update()
        entry.lastUpdateUptimeMs = clock.now.uptimeMs
        entries[release] = entry
        if let change {
            entries[release]?.mustSave = true
            await watchdog.send(.targetsChanged(release: release, change))
            // What is counted by target would grow with each one that ever was there.
            meter.forgetTargets()
        }
        save(release)
        entries[release]?.lastUpdateTookMs = clock.now.uptimeMs - beganMs
        await reportSources(of: release, number: entry.number)
    }

    // MARK: The disk

    private func save(_ release: String) {
        guard let entry = entries[release] else { return }
        let sinceMs = entry.savedUptimeMs.map { clock.now.uptimeMs - $0 } ?? .max
        guard entry.mustSave ? sinceMs >= Self.saveEveryMs : sinceMs >= Self.resaveEveryMs else { return }
        // A list that came from the disk is not made younger than it is.
        guard entry.roster.sources.allSatisfy({ !$0.list.isStored && $0.list.hasList }) else { return }
        entries[release]?.mustSave = false
        entries[release]?.savedUptimeMs = clock.now.uptimeMs
        guard let bytes = try? entry.roster.stored(wallMs: clock.wallMs).encoded() else { return }
        if let reason = store.save(bytes, release: release) {
            logger.warning("\(release): the list of targets is not on the disk: \(reason)")
        }
    }

    // MARK: People

    func reports() -> [DiscoveryReport] {
        let now = clock.now
        return entries.keys.sorted().compactMap { entries[$0]?.roster.report(at: now) }
    }

    func stop() {
        isStopped = true
        for name in entries.keys.sorted() { drop(name) }
    }
}

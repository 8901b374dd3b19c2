public import Model

/// The part that decides. Synchronous and pure: no I/O, no clock, no chance that is not handed in, no waiting. The same
/// inputs at the same moments give the same effects.
public struct Kernel: Sendable, Equatable {
    public private(set) var plan: Plan
    let isDryRun: Bool
    let journalIdentity: String
    var releases: [Release]
    private var absent = AbsentReleases()
    private(set) var units: [Unit]
    /// Of the releases and the units of the plan.
    private(set) var places: PlanPlaces
    private var desk = NotificationDesk()
    private var nextSequence: UInt64
    private var nextCall = 1
    private let seed: UInt64
    private var journalProblem: String?
    /// Nil for one daemon alone.
    var replicas: ReplicaState?
    /// Everything up to it is on the disk.
    private(set) var durableSequence: UInt64 = 0

    /// Restores everything that outlives a process from the journal's entries.
    ///
    /// - Parameters:
    ///   - entries: in the order of their sequence; those of releases that are not in the plan are kept for the day on
    ///     which a reload names them again.
    ///   - journalIdentity: part of every delivery id, so that a wiped journal does not repeat old ids.
    ///   - firstSequence: of the next entry at least, for a journal that could not be read: what it holds comes before.
    ///   - seed: of the retries' jitter.
    ///   - replica: which of several replicas this is; nil for one daemon alone. It leads nothing before it is given the lease.
    public init(
        plan: Plan, replaying entries: [JournalEntry] = [], journalIdentity: String, firstSequence: UInt64 = 1,
        isDryRun: Bool = false, seed: UInt64, replica: ReplicaIdentity? = nil, at now: Moment
    ) {
        self.plan = plan
        let places = PlanPlaces(plan)
        self.places = places
        replicas = replica.map { ReplicaState($0) }
        self.isDryRun = isDryRun
        self.journalIdentity = journalIdentity
        self.seed = seed
        nextSequence = max(firstSequence, (entries.last?.sequence ?? 0) + 1)
        let deployments = Kernel.newestDeployments(entries)
        var replays = plan.releases.map { plan in
            ReleaseReplay(Release(plan: plan, deployment: deployments[plan.name], at: now), at: now)
        }
        for entry in entries {
            if entry.event.isOfNotifications {
                desk.restore(entry.event, at: now)
                continue
            }
            // They say where a plan came from, and who led, and restore nothing.
            if case .configured = entry.event { continue }
            if case .leaderChanged = entry.event { continue }
            _ = replicas?.take(entry)
            guard let index = places.release(entry.release) else {
                absent.remember(entry)
                continue
            }
            replays[index].take(entry)
        }
        releases = replays.map(\.restored)
        units = Unit.all(of: plan)
        desk.adopt(plan)
        for unit in units { unit.resume(&releases, at: now) }
    }

    /// Which version was where at the end: it decides which entries are about the versions of now.
    private static func newestDeployments(_ entries: [JournalEntry]) -> [String: DeploymentRecord] {
        var newest: [String: DeploymentRecord] = [:]
        for entry in entries { if case .deployment(let record) = entry.event { newest[entry.release] = record } }
        return newest
    }

    /// The plan as its releases are at present: with the versions and the roles that their places have.
    public var effectivePlan: Plan {
        var effective = plan
        effective.releases = releases.map(\.plan)
        return effective
    }

    /// Another plan with the versions and roles that the places of its releases have now.
    public func effective(_ next: Plan) -> Plan {
        var effective = next
        effective.releases = next.releases.map { plan in
            guard let index = places.release(plan.name) else {
                // One that comes back has the roles that it left with.
                return absent.deployment(of: plan.name).map { plan.assigned($0) } ?? plan
            }
            let known = releases[index]
            let lists =
                known.lists
                ?? TargetLists(
                    revision: 0, first: known.configured.baseline.targets, second: known.configured.canary.targets)
            return plan.with(lists).assigned(known.rollouts.deployment)
        }
        return effective
    }

    /// Takes one input and says what is to be done.
    public mutating func step(_ input: Input, at now: Moment) -> [Effect] {
        // The common input, one per target and cycle, needs no context.
        if case .scraped(let report) = input {
            take(report, at: now)
            return []
        }
        var context = makeContext(at: now)
        switch input {
        case .scraped: break
        case .cycleEnded(let name):
            let isHandedOver = isHandedOver(name)
            withRelease(name) { release in
                release.isHandedOver = isHandedOver
                // What it does from here on as its leader is newer than what another one has handed over.
                release.hasJustCome = false
                release.endCycle(&context)
            }
        case .journalDurable(let sequence): becameDurable(through: sequence, &context)
        case .journalLost(let first, let last): loseEntries(from: first, through: last, &context)
        case .journalFailing(let reason): noteJournal(failing: reason, &context)
        case .routerApplied(let name, let call, let receipts):
            withRelease(name) { $0.applied(call: call, receipts, &context) }
        case .routerObserved(let name, let call, let observations):
            withRelease(name) { $0.observed(call: call, observations, &context) }
        case .gateTried(let name, let id, let result):
            if context.mayLead(name) {
                withRelease(name) { release in release.lead(&context) { $0.tried(id, result, &$1) } }
            }
        case .targetsChanged(let name, let lists):
            withRelease(name) { $0.take(lists, &context) }
        case .sourcesChanged(let name, let state):
            withRelease(name) { $0.take(state, &context) }
        case .configured(let record): _ = context.record(.configured(record), release: "")
        case .shareRead(let name, let reading): withRelease(name) { $0.take(reading, &context) }
        case .stepAnswered(let name, let call, let answer):
            withRelease(name) { $0.tookStep(call: call, answer, &context) }
        case .companionAnswered(let name, let call, let answer):
            withRelease(name) { $0.group?.take(answer, call: call, at: now) }
        case .schemaRead(let name, let call, let report):
            withRelease(name) { $0.tookSchema(call: call, report, &context) }
        case .delivery(let trouble): context.take(trouble)
        case .leadership(let next): take(next, &context)
        case .handedOver(let document): take(document, &context)
        case .published(let name, let sequence): published(name, through: sequence, &context)
        case .peerRolledBack(let peer): take(peer, &context)
        case .operatorsActed(let acts, let ageMs): take(acts, ageMs: ageMs, &context)
        case .reload(let next): reload(next, &context)
        case .tick: tick(&context)
        }
        return finish(&context)
    }

    /// Takes an operator's command, which is answered at once.
    public mutating func command(
        _ command: Command, by: String, reason: String, at now: Moment
    ) -> (result: CommandResult, effects: [Effect]) {
        var context = makeContext(at: now)
        let result =
            switch command {
            case .rollback(let release, _, _), .rearm(let release, _):
                change(release, command, by: by, reason: reason, &context)
            case .acknowledge(let subject): acknowledge(subject, by: by, reason: reason, &context)
            case .silence(let match, let forMs): silence(match, forMs: forMs, by: by, reason: reason, &context)
            case .endSilence(let id): endSilence(id, by: by, &context)
            case .procedure(let incident, let order):
                takeProcedureOrder(order, incident: incident, by: by, reason: reason, &context)
            }
        return (result, finish(&context))
    }

    /// A command to a release or a unit.
    private mutating func change(
        _ name: String, _ command: Command, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult {
        if case .rearm = command, let reason = reasonNotToLead(name, context) { return .refused(text: reason) }
        // A rollback of a part is everybody's.
        if let unit = units.first(where: { $0.name == name || isPart(name, of: $0) }) {
            return unit.command(command, by: by, reason: reason, &releases, &context)
        }
        guard let index = releases.firstIndex(where: { $0.name == name }) else {
            return .notFound(text: "there is no release \"\(name)\"; there is: \(knownNames)")
        }
        if case .rollback(_, let version, let evenContracted) = command {
            return releases[index].rollbackCommand(
                toVersion: version, evenContracted: evenContracted, by: by, reason: reason, &context)
        }
        return releases[index].rearmCommand(
            abandonPlan: command.abandonsPlan, by: by, reason: reason, &context)
    }

    private mutating func takeProcedureOrder(
        _ order: ProcedureOrder, incident asked: String, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult {
        // The name of a release means the plan that it has now.
        let incident = releases.first { $0.name == asked }?.idOfPlan ?? asked
        let known = releases.indices.filter { index in
            releases[index].rollback?.id == incident || releases[index].forward?.id == incident
        }
        // Parts of a unit share their rollout's id: the order is for the one that has the step.
        guard let index = known.first(where: { releases[$0].waitsFor(order, of: incident) }) ?? known.first else {
            if let reason = reasonNotToLead(asked, context) { return .refused(text: reason) }
            return .notFound(
                text: "there is no incident \"\(incident)\" that is open or latched, and no rollout with a plan")
        }
        if let reason = reasonNotToLead(releases[index].name, context) { return .refused(text: reason) }
        return releases[index].takeProcedureOrder(order, of: incident, by: by, reason: reason, &context)
    }

    /// What orders may name: units, and releases that are in none.
    var knownNames: String {
        (units.map(\.name) + releases.filter { $0.plan.part == nil }.map(\.name)).joined(separator: ", ")
    }

    private func isPart(_ name: String, of unit: Unit) -> Bool {
        unit.members.contains { releases[$0].name == name }
    }

    /// Takes an order to a release's rollouts, which is answered at once.
    public mutating func order(
        _ command: RolloutCommand, release: String, _ order: OrderContext, at now: Moment
    ) -> (answer: RolloutAnswer, effects: [Effect]) {
        var context = makeContext(at: now)
        if let reason = reasonNotToLead(release, context) { return (RolloutAnswer(.refused(.notLeader), reason), []) }
        if let unit = units.first(where: { $0.name == release }) {
            let answer = unit.order(command, order, &releases, &context)
            return (answer, finish(&context))
        }
        guard let index = releases.firstIndex(where: { $0.name == release }) else {
            return (
                RolloutAnswer(.refused(.notFound), "there is no release \"\(release)\"; there is: \(knownNames)"), []
            )
        }
        if let unit = releases[index].plan.part?.unit {
            return (RolloutAnswer(.refused(.invalid), "\(release) is a part of \(unit): give the order to \(unit)"), [])
        }
        let answer = releases[index].order(command, order, &context)
        return (answer, finish(&context))
    }

    /// When `tick` is due, by the monotonic clock; a tick before then does nothing.
    public var nextWakeUptimeMs: Int64? {
        var earliest: Int64?
        // It is asked after each scrape: by index, because a release is a large value that a key path would copy.
        for index in releases.indices {
            guard let wake = releases[index].nextWakeUptimeMs else { continue }
            earliest = min(earliest ?? wake, wake)
        }
        guard let wake = desk.nextWakeUptimeMs else { return earliest }
        return min(earliest ?? wake, wake)
    }

    /// Since when this process watches the release, by the monotonic clock; nil while nothing is watched.
    public func watchedSinceUptimeMs(release: String) -> Int64? {
        releases.first { $0.name == release }?.watchedSinceUptimeMs
    }

    /// From the begin of the release's running cycle to that of its next one; nil for a release that is not in the plan.
    public func nextCycleMs(release: String) -> Int64? {
        releases.first { $0.name == release }?.denseScrapes.nextCycleMs
    }

    /// One notification per firing alert and per rollback whose latch holds, as when it began; for an hour also per
    /// rollback of a release that the plan does not name any more. Their sequence is 0: they are not news, and not
    /// journalled.
    public func standingAlerts(at now: Moment) -> [Notification] {
        releases.flatMap { StandingAlerts(release: $0, now: now).all(isDryRun: isDryRun) }
            + absent.standingAlerts(at: now)
    }

    public func snapshot(at now: Moment) -> Snapshot {
        let incidents = releases.flatMap(\.incidents)
        let newestFirst = incidents.sorted { ($1.openedWallMs, $1.id) < ($0.openedWallMs, $0.id) }
        let closed = newestFirst.filter { !$0.isOpen }.prefix(100)
        var snapshot = Snapshot(
            atWallMs: now.wallMs, isDryRun: isDryRun, releases: releases.map { ReleaseSnapshot($0, at: now) },
            incidents: newestFirst.filter(\.isOpen) + closed, journalProblem: journalProblem,
            externalURL: plan.daemon.externalURL)
        for index in snapshot.releases.indices {
            let companions = plan.group(of: releases[index].name).map { group in
                "\(group.name): goes back with "
                    + group.companions(of: releases[index].name).map(\.companion.text).joined(separator: ", ")
            }
            snapshot.releases[index].group = releases[index].groupText(at: now) ?? companions
        }
        snapshot.silences = desk.silences.all
        snapshot.openSubjects = desk.subjects.all
        snapshot.units = units.compactMap { UnitSnapshot($0, releases) }
        return snapshot
    }

    // MARK: Inside

    private mutating func take(_ report: ScrapeReport, at now: Moment) {
        withRelease(report.release) { release in
            release.times.noteSample(atUptimeMs: report.sampledUptimeMs?.lowerBound ?? now.uptimeMs)
            // A report is a large value: it is copied only where a target says which version it runs.
            guard report.version != nil else { return release.pools.take(report, at: now) }
            release.pools.take(release.admitted(report), at: now)
        }
    }

    private mutating func withRelease(_ name: String, _ body: (inout Release) -> Void) {
        guard let index = places.release(name) else { return }
        body(&releases[index])
    }

    private mutating func becameDurable(through sequence: UInt64, _ context: inout StepContext) {
        journalProblem = nil
        durableSequence = max(durableSequence, sequence)
        for index in releases.indices { releases[index].drive(&context) { $0.durable(through: sequence, &$2) } }
        letRolloutsProceed(&context)
    }

    private mutating func loseEntries(from first: UInt64, through last: UInt64, _ context: inout StepContext) {
        context.emit(
            .log(LogLine(.error, "journal entries \(first) to \(last) were lost: a restart will not know of them")))
        for index in releases.indices {
            releases[index].rollback?.lost(from: first, through: last)
            releases[index].procedure?.lost(from: first, through: last, at: context.now)
            releases[index].forwardProcess?.lost(from: first, through: last, at: context.now)
            releases[index].group?.lost(from: first, through: last)
            releases[index].centreShare.lost(from: first, through: last)
        }
    }

    private mutating func noteJournal(failing reason: String, _ context: inout StepContext) {
        if journalProblem == nil { context.emit(.log(LogLine(.error, "the journal cannot be written: \(reason)"))) }
        journalProblem = reason
    }

    private mutating func tick(_ context: inout StepContext) {
        context.notifyWhatIsDue(releases)
        for index in releases.indices {
            if releases[index].phase == .rollingBack {
                releases[index].drive(&context) { $0.tick(&$2) }
            } else {
                releases[index].pollRouter(&context)
            }
            releases[index].leadProcedure(&context) { $0.tick(&$1) }
            releases[index].leadForward(&context) { $0.tick(&$1) }
        }
    }

    /// Why a new plan cannot be taken now, one text per reason; empty when it can.
    ///
    /// A release in the middle of a rollback keeps its name and versions: else the rollback would never be finished.
    public func reasonsToRefuse(_ next: Plan) -> [String] {
        let named = PlanPlaces(next)
        let reasons = releases.compactMap { release in
            let kept = named.release(release.name).map { next.releases[$0] }
            return reasonToRefuse(kept, release) ?? reasonToRefuseWhileLed(kept, in: next, release)
        }
        return reasons + reasonsOfShards(next, named)
    }

    /// A rollout that is under way keeps its places and its router.
    private func reasonToRefuseWhileLed(_ kept: ReleasePlan?, in next: Plan, _ release: Release) -> String? {
        guard release.rollouts.isLeading, let id = release.rollouts.running?.id else { return nil }
        if let kept, kept.rollout != nil, kept.places == release.configured.places,
            kept.router == release.configured.router,
            (kept.part == nil && release.plan.part == nil) || keepsUnit(next, release)
        {
            return nil
        }
        return
            "error: \(id) of \(release.name) is under way; reload when it has ended, or keep its places, router and steps"
    }

    /// A unit under way keeps its parts and their order.
    private func keepsUnit(_ next: Plan, _ release: Release) -> Bool {
        let name = release.plan.orderName
        return next.parts(ofUnit: name).map(\.part) == plan.parts(ofUnit: name).map(\.part)
    }

    private func reasonToRefuse(_ kept: ReleasePlan?, _ release: Release) -> String? {
        guard let open = release.rollback, open.isOpen else { return nil }
        if kept?.hasVersions(of: release.configured) == true { return nil }
        return
            "error: \(release.name) is being rolled back (\(open.id)); reload when that is done, or keep its versions"
    }

    /// Everything or nothing: the plan was validated whole before it came here.
    private mutating func reload(_ next: Plan, _ context: inout StepContext) {
        context.isReload = true
        let named = PlanPlaces(next)
        for index in releases.indices where named.release(releases[index].name) == nil {
            releases[index].leavePlan(&context)
            absent.keep(releases[index])
        }
        releases = next.releases.map { plan in
            let present = places.release(plan.name).map { releases[$0] }
            guard var kept = present ?? absent.take(plan.name) else {
                var fresh = absent.restore(plan, at: context.now)
                fresh.hasJustCome = replicas != nil
                return fresh
            }
            kept.hasJustCome = present == nil && replicas != nil
            // What was written and answered meanwhile has not reached it.
            if present == nil { kept.resumePlans() }
            kept.adopt(configured: plan, &context)
            return kept
        }
        (plan, places) = (next, named)
        replicas?.adopt(next)
        units = Unit.all(of: next)
        context.desk.adopt(next)
    }

    /// Asks a release of this kernel for what another daemon wants of it, which is answered at once.
    ///
    /// - Returns: the sequence that has to be on the disk before the answer is given; nil for none.
    public mutating func answer(
        _ order: GroupOrder, at now: Moment
    ) -> (answer: GroupAnswer, sequence: UInt64?, effects: [Effect]) {
        var context = makeContext(at: now)
        let (answer, sequence) = takeGroupOrder(order, &context)
        return (answer, sequence, finish(&context))
    }

    private func makeContext(at now: Moment) -> StepContext {
        var context = StepContext(
            now: now, isDryRun: isDryRun, graceMs: plan.daemon.journal.graceMs, desk: desk,
            journalIdentity: journalIdentity, nextSequence: nextSequence, nextCall: nextCall, seed: seed)
        context.isJournalFailing = journalProblem != nil
        context.rights = replicas?.rights(at: now)
        return context
    }

    private mutating func finish(_ context: inout StepContext) -> [Effect] {
        for unit in units { unit.settle(&releases, &context) }
        leadGroups(&context)
        for index in releases.indices { releases[index].endPlanOfThePast(&context) }
        for index in releases.indices where releases[index].centreShare.isOpen {
            releases[index].followCentre(durableThrough: durableSequence, &context)
        }
        // After the router's calls of this step, so that traffic comes first.
        for index in releases.indices {
            if releases[index].procedure != nil { releases[index].leadProcedure(&context) }
            if releases[index].plan.procedure != nil || releases[index].forward != nil {
                releases[index].leadForward(&context)
            }
        }
        takeAcknowledgements(&context)
        handOver(&context)
        endRollbacksOfThePast(&context)
        context.writeDownDesk()
        desk = context.desk
        nextSequence = context.nextSequence
        nextCall = context.nextCall
        return context.effects
    }
}

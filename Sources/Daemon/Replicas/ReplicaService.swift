import Kernel
import Leases
import Logging
import Model
import Ports
import SourceCalls

/// Keeps this replica's session in the lease store, competes for the leads, and passes on what the others hand over.
///
/// Nothing that takes a canary out waits for it: the kernel acts by its own rules, and learns here only whether it may do more.
/// Plain replicas have one lead, of everything. In a fleet that one is the coordinator's, and each shard has a lead of its own.
actor ReplicaService {
    /// What the service needs to know of its daemon.
    struct Facts: Sendable {
        let version: String
        /// `external_url`; nil without one.
        let address: String?
        /// Revision of the centre's manifest in force.
        let manifestRevision: @Sendable () -> Int64?
        /// An operator keeps this replica from following the centre.
        let isBraked: @Sendable () -> Bool
    }

    let plan: ReplicasPlan
    let store: any LeaseStore
    let files: any HandoverStorage
    /// The newest documents, for releases that come in later.
    let shelf: HandoverShelf
    /// Gives an input to the kernel.
    let send: @Sendable (Input) async -> Void
    let clock: any DaemonClock
    let board: ReplicaBoard
    let logger: Logger
    let facts: Facts
    let queue: ReplicaQueue
    /// Nil when each replica watches all releases.
    let fleet: FleetSurroundings?

    var tenure: LeaseTenure
    var session: LeaseSession?
    /// By scope; empty while this replica leads nothing.
    var holds: [String: LeaseHold] = [:]
    /// By scope, as the kernel knows it.
    var leaderships: [String: Leadership] = [:]
    var cursor: UInt64?
    /// The present session has seen a whole view before its end: a full read that lasts longer than a lease is not begun again.
    private var hasReadInTime = false
    var documents = KnownDocuments()
    /// By scope.
    var sent: [String: SentDeliveries] = [:]
    /// Scopes whose ids have to be written.
    var unwrittenSent: Set<String> = []
    /// Writes of documents that are under way, by scope.
    var publishing: [String: Int] = [:]
    /// Nil when each replica watches all releases.
    var part: FleetPart?
    var operators = ReplicaOperators()
    var forms = DocumentForms()
    private var report: ReplicasReport

    init(
        plan: ReplicasPlan, store: any LeaseStore, files: any HandoverStorage, shelf: HandoverShelf,
        send: @escaping @Sendable (Input) async -> Void, queue: ReplicaQueue, clock: any DaemonClock,
        board: ReplicaBoard, logger: Logger, facts: Facts, fleet: FleetSurroundings? = nil
    ) {
        self.plan = plan
        self.store = store
        self.files = files
        self.shelf = shelf
        self.send = send
        self.queue = queue
        self.clock = clock
        self.board = board
        self.logger = logger
        self.facts = facts
        self.fleet = fleet
        tenure = LeaseTenure(ttlMs: plan.ttlMs)
        report = ReplicasReport(store: store.label)
        report.replicas = [.init(name: plan.name, version: facts.version, isSelf: true, address: facts.address)]
        part = fleet.map { FleetPart($0, plan, startedUptimeMs: clock.now.uptimeMs) }
        board.show(report)
    }

    /// What the last run of this replica knew; before anything is decided.
    func restore(_ releases: [String]) async {
        for release in releases {
            guard let document = files.document(of: release) else { continue }
            documents.note(document)
            shelf.put(document)
            await send(.handedOver(document))
        }
        await restoreOperators()
        noteOwnPart()
        showFleet()
    }

    /// Until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepSession() }
            group.addTask { await self.passOn() }
            if let fleet { group.addTask { await self.watchWhatIsWanted(fleet) } }
        }
    }

    /// The next leader need not wait for the end of this replica's lease, and finds what this one has handed over.
    func resign() async {
        guard let session else { return }
        _ = await flush()
        self.session = nil
        await store.close(session)
    }

    /// The lead that a release belongs to.
    func scope(of release: String) -> String { fleet?.selection.scope(of: release) ?? LeaseScope.leader }

    // MARK: The session

    private func keepSession() async {
        while !Task.isCancelled {
            await keepSessionOnce()
            do { try await clock.sleep(ms: min(1_000, plan.ttlMs / 10)) } catch { return }
        }
    }

    /// One round: renews the session when that is due, reads the store, and acts on what it holds.
    func keepSessionOnce() async {
        do throws(SourceError) {
            try await round()
            note(problem: nil)
        } catch {
            if Task.isCancelled { return }
            note(problem: error.reason)
        }
        await endTenureInTime()
        watchAlone()
        showFleet()
    }

    private func round() async throws(SourceError) {
        let session = try await keptSession()
        let view = try await store.view(after: cursor)
        await take(view, session)
        if try await yielded(view) { return }
        if part?.problem == nil { try await compete(view, session) }
        try await fleetRound(session)
    }

    private func compete(_ view: LeaseView, _ session: LeaseSession) async throws(SourceError) {
        let scope = LeaseScope.leader
        guard view.leader(of: scope) == nil, isEligible(view) else { return }
        guard let token = try await store.lead(scope, session) else { return }
        // What the last leader wrote in its last moments counts too.
        let last = try await store.view(after: cursor)
        await take(last, session)
        if holds[scope] == nil { await lead(LeaseHold(scope: scope, session: session, token: token)) }
    }

    /// The session of this replica, renewed when that is due.
    private func keptSession() async throws(SourceError) -> LeaseSession {
        let sentUptimeMs = clock.now.uptimeMs
        if let session {
            guard sentUptimeMs >= tenure.renewUptimeMs ?? 0 || hasNewsOfFleet else { return session }
            if try await store.renew(session, status: await status()) {
                tenure.renewed(sentUptimeMs: sentUptimeMs)
                await continueToLead()
                return session
            }
            tenure.ended()
            self.session = nil
            await stopLeading(because: "its session has ended")
        }
        let new = try await store.open(name: plan.name, status: await status(), ttlMs: plan.ttlMs)
        session = new
        tenure.renewed(sentUptimeMs: sentUptimeMs)
        // The store may have come back from a backup meanwhile, at whatever revision: all of it is read, and what this replica
        // wrote there before is written again.
        if hasReadInTime { (cursor, hasReadInTime) = (nil, false) }
        if let own = operators.writtenBefore { queue.putBack(own) }
        return new
    }

    private func status() async -> [UInt8] {
        var status = ReplicaStatus(
            version: facts.version, address: facts.address, atWallMs: clock.wallMs,
            manifestRevision: facts.manifestRevision(), highestToken: documents.highestToken)
        status.fleet = await fleetStatus()
        return status.encoded()
    }

    /// A replica with an older configuration does not lead while one with a newer one is there.
    private func isEligible(_ view: LeaseView) -> Bool {
        let own = facts.manifestRevision() ?? 0
        return forms.mayLead
            && view.statuses.allSatisfy { (ReplicaStatus($0.bytes)?.manifestRevision ?? 0) <= own }
    }

    /// A leader that an operator keeps at an older configuration leaves the lead to a replica with a newer one.
    private func yielded(_ view: LeaseView) async throws(SourceError) -> Bool {
        let scope = LeaseScope.leader
        guard let hold = holds[scope], facts.isBraked(), !isEligible(view) else { return false }
        await stopLeading(
            scope, because: "it is kept at an older configuration than another replica has",
            next: Leadership(scope: scope))
        try await store.drop(hold)
        return true
    }

    // MARK: The leads

    private func lead(_ next: LeaseHold) async {
        guard let until = tenure.untilUptimeMs else { return }
        holds[next.scope] = next
        // After a store was restored from a backup its own numbers may repeat.
        let known = documents.highestTokens { scope(of: $0) }[next.scope] ?? 0
        let token = max(next.token, known + 1)
        await inform(
            Leadership(isHeld: true, untilUptimeMs: until, token: token, leader: plan.name, scope: next.scope))
    }

    /// A replica that knows a document of a higher token, from before the store was restored from a backup, would take nothing.
    ///
    /// - Parameter others: what the other replicas say of themselves.
    private func exceedTokens(_ scope: String, _ others: [ReplicaStatus]) async {
        guard holds[scope] != nil, var next = leaderships[scope], next.isHeld else { return }
        // Of another configuration, a release may have come from a shard whose tokens are higher.
        let own = part.flatMap { token(scope, $0.status) } ?? 0
        let highest = max(own, others.compactMap { part == nil ? $0.highestToken : token(scope, $0.fleet) }.max() ?? 0)
        guard highest > next.token else { return }
        next.token = highest + 1
        await inform(next)
    }

    private func token(_ scope: String, _ status: FleetStatus?) -> UInt64? {
        guard let shard = part?.shard(of: scope), let tokens = status?.tokens, tokens.indices.contains(shard) else {
            return nil
        }
        return tokens[shard]
    }

    private func continueToLead() async {
        guard let until = tenure.untilUptimeMs else { return }
        for scope in holds.keys.sorted() {
            guard var next = leaderships[scope], next.isHeld else { continue }
            next.untilUptimeMs = until
            await inform(next)
        }
    }

    /// Of all leads.
    private func stopLeading(because reason: String) async {
        let scopes = holds.keys.sorted()
        guard !scopes.isEmpty else { return }
        let what = fleet == nil ? "this replica does not lead any more" : "this member leads no shards any more"
        logger.warning("\(what): \(reason)")
        for scope in scopes { await endLead(scope, next: Leadership(scope: scope)) }
    }

    /// - Parameter next: who leads now, as far as it is known.
    func stopLeading(_ scope: String, because reason: String, next: Leadership) async {
        guard holds[scope] != nil else { return }
        let what = fleet == nil ? "this replica does not lead any more" : "this member does not lead \(scope) any more"
        logger.warning("\(what): \(reason)")
        await endLead(scope, next: next)
    }

    /// What was not handed over under this lead is not under a later one: the kernel publishes again then.
    private func endLead(_ scope: String, next: Leadership) async {
        holds[scope] = nil
        part?.resigning.remove(scope)
        // When it coordinates again, the others may have been away too: it waits for them as a new coordinator does.
        if scope == LeaseScope.leader { part?.coordinator.rest() }
        queue.discardDocuments { self.fleet == nil || self.fleet?.selection.scope(of: $0) == scope }
        await inform(next)
    }

    /// The kernel has stopped by itself; here the others hear of it.
    private func endTenureInTime() async {
        guard !holds.isEmpty, !tenure.isValid(atUptimeMs: clock.now.uptimeMs) else { return }
        await stopLeading(because: "its lease could not be renewed")
    }

    func inform(_ next: Leadership) async {
        guard next != leaderships[next.scope] ?? Leadership(scope: next.scope) else { return }
        let isCoordination = fleet != nil && next.scope == LeaseScope.leader
        if isCoordination, next.isHeld != leaderships[next.scope]?.isHeld ?? false {
            logger.info("this member \(next.isHeld ? "coordinates" : "does not coordinate") the fleet")
        }
        // What is not watched here is given to the kernel when it is.
        if let part, let shard = part.shard(of: next.scope), !part.desk.watched.contains(shard) { return }
        leaderships[next.scope] = next
        board.lead(next.scope, untilUptimeMs: next.isHeld ? next.untilUptimeMs : nil)
        if !isCoordination, hasReleases(next.scope) { await send(.leadership(next)) }
        show()
    }

    // MARK: What the store holds

    func take(_ view: LeaseView, _ session: LeaseSession) async {
        if let lost = operators.lost(from: cursor, to: view.cursor) { queue.putBack(lost) }
        cursor = view.cursor
        if forms.take(statuses: view.statuses.map(\.bytes)) {
            queue.publishAgain(documents.all.filter { holds[scope(of: $0.release)] != nil })
        }
        let leaders = Dictionary(view.leaders.map { ($0.scope, $0) }, uniquingKeysWith: { first, _ in first })
        // First: as long as the kernel leads, after a rest of the machine's clock for example, it takes nothing from others.
        for scope in scopes where !isOwn(leaders[scope], session) { await endLostLead(scope, leaders[scope]) }
        for document in view.documents { await take(document, view) }
        takeMembers(view)
        let others = view.statuses.filter { $0.path != plan.name }.compactMap { ReplicaStatus($0.bytes) }
        for scope in scopes { await take(leaders[scope], of: scope, others, session) }
        if tenure.isValid(atUptimeMs: clock.now.uptimeMs) { hasReadInTime = true }
        await takeOffers()
        await informOfNewReleases()
        report.replicas = replicas(view)
        show()
    }

    private var scopes: [String] { [LeaseScope.leader] + (part?.scopes ?? []) }

    private func take(
        _ leader: LeaseView.Leader?, of scope: String, _ others: [ReplicaStatus], _ session: LeaseSession
    ) async {
        let isOwn = isOwn(leader, session)
        board.see(scope, otherLeads: leader != nil && !isOwn, atUptimeMs: clock.now.uptimeMs)
        if let leader, isOwn {
            // The answer to the call that took the lead was lost.
            if holds[scope] == nil { await lead(LeaseHold(scope: scope, session: session, token: leader.token)) }
            await exceedTokens(scope, others)
        } else {
            await endLostLead(scope, leader)
            await inform(Leadership(token: leader?.token ?? 0, leader: leader?.name, scope: scope))
        }
    }

    private func isOwn(_ leader: LeaseView.Leader?, _ session: LeaseSession) -> Bool {
        leader.map { $0.session == session.id && $0.name == session.name } ?? false
    }

    private func endLostLead(_ scope: String, _ leader: LeaseView.Leader?) async {
        let next = Leadership(token: leader?.token ?? 0, leader: leader?.name, scope: scope)
        await stopLeading(scope, because: "its lease has ended in the store", next: next)
    }

    private func take(_ document: LeaseView.Document, _ view: LeaseView) async {
        if document.path == LeasePaths.sent || document.path.hasPrefix(LeasePaths.sent("")) {
            takeSent(document)
        } else if document.path == LeasePaths.assignment {
            takeAssignment(document.bytes)
        } else if document.path.hasPrefix(LeasePaths.handover) {
            await takeHandover(document)
        } else if document.path.hasPrefix(LeasePaths.offers) {
            noteOffer(document)
        } else if document.path.hasPrefix(LeasePaths.operators) {
            await takeOperators(document, view)
        } else if let peer = HandoverText.peer(document.bytes) {
            documents.note(record: document.path, peer)
            shelf.put(peer, at: document.path)
            if peer.replica != plan.name { await send(.peerRolledBack(peer)) }
        }
    }

    private func takeHandover(_ document: LeaseView.Document) async {
        let read = HandoverText.document(document.bytes)
        forms.note(document.path, document.bytes, isRead: read != nil)
        guard let read else {
            return logger.warning(
                "\(document.path) of \(store.label) cannot be read: a newer version may have written it")
        }
        let scope = scope(of: read.release)
        let handover = read.withWhatIsKnown(documents.newest(of: read.release))
        guard documents.note(handover) else {
            if holds[scope] == nil { documents.noteDispute(over: handover) }
            return
        }
        shelf.put(handover)
        if holds[scope] == nil, read.entries.isEmpty, !handover.entries.isEmpty { queue.offer(handover) }
        guard fleet?.selection.isWatched(handover.release) ?? true else { return }
        if holds[scope] == nil, let problem = files.save(handover) { logger.error("\(problem)") }
        await send(.handedOver(handover))
    }

    private func takeSent(_ document: LeaseView.Document) {
        guard let read = SentDeliveries(document.bytes) else { return }
        let scope =
            document.path == LeasePaths.sent
            ? LeaseScope.leader : String(document.path.dropFirst(LeasePaths.sent("").count))
        // What this replica has sent and not written yet stays known. What the store lists is noted last: ids that were sent long
        // ago must not take the place of the leader's newest.
        var list = sent[scope] ?? SentDeliveries()
        list.note(read.ids)
        sent[scope] = list
        board.remember(sent: list.ids, of: scope)
    }

    private func replicas(_ view: LeaseView) -> [ReplicasReport.Replica] {
        view.statuses.compactMap { one in
            ReplicaStatus(one.bytes).map { status in
                ReplicasReport.Replica(
                    name: one.path, version: status.version,
                    isLeader: one.path == view.leader(of: LeaseScope.leader)?.name,
                    isSelf: one.path == plan.name, address: status.address, lastSeenWallMs: status.atWallMs,
                    manifestRevision: status.manifestRevision)
            }
        }.sorted { $0.name < $1.name }
    }

    private func show() {
        let leadership = leaderships[LeaseScope.leader]
        (report.leader, report.token) = (leadership?.leader, leadership?.token ?? 0)
        board.show(report)
    }

    private func note(problem: String?) {
        if problem != report.problem {
            if let problem {
                logger.warning("lease store \(store.label): \(problem)")
            } else {
                logger.info("lease store \(store.label): it can be used")
            }
        }
        report.problem = problem
        show()
    }
}

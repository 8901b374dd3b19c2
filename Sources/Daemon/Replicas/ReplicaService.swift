import Leases
import Logging
import Model
import Ports
import SourceCalls

/// Keeps this replica's session in the lease store, competes for the lead, and passes on what the others hand over.
///
/// Nothing that takes a canary out waits for it: the kernel acts by its own rules, and learns here only whether it may do more.
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
    let files: HandoverFiles
    let watchdog: Watchdog
    let clock: any DaemonClock
    private let board: ReplicaBoard
    let logger: Logger
    private let facts: Facts
    let queue: ReplicaQueue

    private var tenure: LeaseTenure
    private var session: LeaseSession?
    /// Nil while this replica does not lead.
    private var hold: LeaseHold?
    private var leadership = Leadership()
    private var cursor: UInt64?
    private var documents = KnownDocuments()
    private var sent = SentDeliveries()
    private var isSentUnwritten = false
    var operators = ReplicaOperators()
    private var forms = DocumentForms()
    private var report: ReplicasReport

    init(
        plan: ReplicasPlan, store: any LeaseStore, files: HandoverFiles, watchdog: Watchdog, queue: ReplicaQueue,
        clock: any DaemonClock, board: ReplicaBoard, logger: Logger, facts: Facts
    ) {
        self.plan = plan
        self.store = store
        self.files = files
        self.watchdog = watchdog
        self.queue = queue
        self.clock = clock
        self.board = board
        self.logger = logger
        self.facts = facts
        tenure = LeaseTenure(ttlMs: plan.ttlMs)
        report = ReplicasReport(store: store.label)
        report.replicas = [.init(name: plan.name, version: facts.version, isSelf: true, address: facts.address)]
        board.show(report)
    }

    /// What the last run of this replica knew; before anything is decided.
    func restore(_ releases: [String]) async {
        for release in releases {
            guard let document = files.document(of: release) else { continue }
            documents.note(document)
            await watchdog.send(.handedOver(document))
        }
        await restoreOperators()
    }

    /// Until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepSession() }
            group.addTask { await self.passOn() }
        }
    }

    /// The next leader need not wait for the end of this replica's lease.
    func resign() async {
        guard let session else { return }
        self.session = nil
        await store.close(session)
    }

    // MARK: The session

    private func keepSession() async {
        while !Task.isCancelled {
            do throws(SourceError) {
                try await round()
                note(problem: nil)
            } catch {
                if Task.isCancelled { return }
                note(problem: error.reason)
            }
            await endTenureInTime()
            do { try await clock.sleep(ms: min(1_000, plan.ttlMs / 10)) } catch { return }
        }
    }

    private func round() async throws(SourceError) {
        let session = try await keptSession()
        let view = try await store.view(after: cursor)
        await take(view, session)
        if try await yielded(view) { return }
        guard view.leader(of: LeaseScope.leader) == nil, isEligible(view) else { return }
        guard let token = try await store.lead(LeaseScope.leader, session) else { return }
        // What the last leader wrote in its last moments counts too.
        let last = try await store.view(after: cursor)
        await take(last, session)
        if hold == nil { await lead(LeaseHold(session: session, token: token)) }
    }

    /// The session of this replica, renewed when that is due.
    private func keptSession() async throws(SourceError) -> LeaseSession {
        let sentUptimeMs = clock.now.uptimeMs
        if let session {
            guard sentUptimeMs >= tenure.renewUptimeMs ?? 0 else { return session }
            if try await store.renew(session, status: status) {
                tenure.renewed(sentUptimeMs: sentUptimeMs)
                await continueToLead()
                return session
            }
            tenure.ended()
            self.session = nil
            await stopLeading(because: "its session has ended")
        }
        let new = try await store.open(name: plan.name, status: status, ttlMs: plan.ttlMs)
        session = new
        tenure.renewed(sentUptimeMs: sentUptimeMs)
        return new
    }

    private var status: [UInt8] {
        ReplicaStatus(
            version: facts.version, address: facts.address, atWallMs: clock.wallMs,
            manifestRevision: facts.manifestRevision(), highestToken: documents.highestToken
        ).encoded()
    }

    /// A replica with an older configuration does not lead while one with a newer one is there.
    private func isEligible(_ view: LeaseView) -> Bool {
        let own = facts.manifestRevision() ?? 0
        return forms.mayLead
            && view.statuses.allSatisfy { (ReplicaStatus($0.bytes)?.manifestRevision ?? 0) <= own }
    }

    /// A leader that an operator keeps at an older configuration leaves the lead to a replica with a newer one.
    private func yielded(_ view: LeaseView) async throws(SourceError) -> Bool {
        guard let hold, facts.isBraked(), !isEligible(view) else { return false }
        await stopLeading(because: "it is kept at an older configuration than another replica has")
        try await store.drop(hold)
        return true
    }

    // MARK: The lead

    private func lead(_ next: LeaseHold) async {
        guard let until = tenure.untilUptimeMs else { return }
        hold = next
        // After a store was restored from a backup its own numbers may repeat.
        let token = max(next.token, documents.highestToken + 1)
        await inform(Leadership(isHeld: true, untilUptimeMs: until, token: token, leader: plan.name))
    }

    /// A replica that knows a document of a higher token, from before the store was restored from a backup, would take nothing.
    private func exceedTokens(_ view: LeaseView) async {
        let others = view.statuses.filter { $0.path != plan.name }
        let highest = others.compactMap { ReplicaStatus($0.bytes)?.highestToken }.max() ?? 0
        guard hold != nil, leadership.isHeld, highest > leadership.token else { return }
        var next = leadership
        next.token = highest + 1
        await inform(next)
    }

    private func continueToLead() async {
        guard hold != nil, let until = tenure.untilUptimeMs else { return }
        var next = leadership
        next.untilUptimeMs = until
        await inform(next)
    }

    /// - Parameter next: who leads now, as far as it is known.
    private func stopLeading(because reason: String, next: Leadership = Leadership()) async {
        guard hold != nil else { return }
        hold = nil
        logger.warning("this replica does not lead any more: \(reason)")
        await inform(next)
    }

    /// The kernel has stopped by itself; here the others hear of it.
    private func endTenureInTime() async {
        guard hold != nil, !tenure.isValid(atUptimeMs: clock.now.uptimeMs) else { return }
        await stopLeading(because: "its lease could not be renewed")
    }

    private func inform(_ next: Leadership) async {
        guard next != leadership else { return }
        leadership = next
        board.lead(untilUptimeMs: next.isHeld ? next.untilUptimeMs : nil)
        await watchdog.send(.leadership(next))
        show()
    }

    // MARK: What the store holds

    private func take(_ view: LeaseView, _ session: LeaseSession) async {
        if let lost = operators.lost(from: cursor, to: view.cursor) { queue.putBack(lost) }
        cursor = view.cursor
        if forms.take(statuses: view.statuses.map(\.bytes)), hold != nil { queue.publishAgain(documents.all) }
        for document in view.documents { await take(document, view) }
        let now = clock.now.uptimeMs
        let leader = view.leader(of: LeaseScope.leader)
        let isOwn = leader.map { $0.session == session.id && $0.name == session.name } ?? false
        board.see(otherLeads: leader != nil && !isOwn, atUptimeMs: now)
        if let leader, isOwn {
            // The answer to the call that took the lead was lost.
            if hold == nil { await lead(LeaseHold(session: session, token: leader.token)) }
            await exceedTokens(view)
        } else {
            let next = Leadership(token: leader?.token ?? 0, leader: leader?.name)
            await stopLeading(because: "its lease has ended in the store", next: next)
            await inform(next)
        }
        report.replicas = replicas(view)
        show()
    }

    private func take(_ document: LeaseView.Document, _ view: LeaseView) async {
        if document.path == LeasePaths.sent {
            guard let list = SentDeliveries(document.bytes) else { return }
            if hold == nil { sent = list }
            board.remember(sent: list.ids)
        } else if document.path.hasPrefix(LeasePaths.handover) {
            let read = HandoverText.document(document.bytes)
            forms.note(document.path, document.bytes, isRead: read != nil)
            guard let handover = read else {
                return logger.warning(
                    "\(document.path) of \(store.label) cannot be read: a newer version may have written it")
            }
            guard documents.note(handover) else { return }
            if hold == nil, let problem = files.save(handover) { logger.error("\(problem)") }
            await watchdog.send(.handedOver(handover))
        } else if document.path.hasPrefix(LeasePaths.operators) {
            await takeOperators(document, view)
        } else if let peer = HandoverText.peer(document.bytes) {
            documents.note(record: document.path, peer)
            if peer.replica != plan.name { await watchdog.send(.peerRolledBack(peer)) }
        }
    }

    private func replicas(_ view: LeaseView) -> [ReplicasReport.Replica] {
        let leader = view.leader(of: LeaseScope.leader)?.name
        return view.statuses.compactMap { one in
            ReplicaStatus(one.bytes).map { status in
                ReplicasReport.Replica(
                    name: one.path, version: status.version, isLeader: one.path == leader,
                    isSelf: one.path == plan.name, address: status.address, lastSeenWallMs: status.atWallMs,
                    manifestRevision: status.manifestRevision)
            }
        }.sorted { $0.name < $1.name }
    }

    private func show() {
        (report.leader, report.token) = (leadership.leader, leadership.token)
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

    // MARK: What goes to the others

    private func passOn() async {
        for await _ in queue.signals {
            while !Task.isCancelled, await flush() == false {
                do { try await clock.sleep(ms: 250) } catch { return }
            }
        }
    }

    /// - Returns: false when something has to be tried again.
    private func flush() async -> Bool {
        do throws(SourceError) {
            while let peer = queue.firstRollback {
                let own = PeerRollback(replica: plan.name, entry: peer)
                guard let bytes = HandoverText.encode(own) else { return true }
                _ = try await store.write(
                    LeasePaths.rollback(peer.release, replica: plan.name), bytes, leading: nil)
                queue.removeFirstRollback()
            }
            try await publishOperators()
            while let hold, let document = queue.takeDocument() { try await publish(document, hold) }
            try await publishSent()
            return true
        } catch {
            return false
        }
    }

    private func publish(_ document: HandoverDocument, _ hold: LeaseHold) async throws(SourceError) {
        guard forms.mayWrite(LeasePaths.handover(document.release)) else {
            return logger.error(
                "\(document.release): a newer version wrote its document, which is left as it is; nothing of it is raised"
            )
        }
        guard let bytes = HandoverText.encode(document, form: forms.written) else {
            return logger.error(
                "\(document.release): what has to be handed over is too large; nothing is raised until it is smaller")
        }
        let isWritten: Bool
        do throws(SourceError) {
            isWritten = try await store.write(LeasePaths.handover(document.release), bytes, leading: hold)
        } catch {
            queue.putBack(document)
            throw error
        }
        guard isWritten else { return await stopLeading(because: "the store refused a write of it") }
        documents.note(document)
        if let problem = files.save(document) { logger.error("\(problem)") }
        await watchdog.send(.published(release: document.release, through: document.through))
        try await store.remove(documents.obsoleteRecords(document))
    }

    private func publishSent() async throws(SourceError) {
        guard let hold else { return }
        if let ids = queue.takeSent() {
            sent.note(ids)
            board.remember(sent: sent.ids)
            isSentUnwritten = true
        }
        guard isSentUnwritten else { return }
        _ = try await store.write(LeasePaths.sent, sent.encoded(), leading: hold)
        isSentUnwritten = false
    }
}

/// The newest document of each release, and the rollbacks that replicas have announced.
struct KnownDocuments {
    private var newest: [String: HandoverDocument] = [:]
    private var records: [String: (release: String, ordinal: UInt64)] = [:]
    private(set) var highestToken: UInt64 = 0

    /// The newest one of each release, sorted by name.
    var all: [HandoverDocument] { newest.keys.sorted().compactMap { newest[$0] } }

    /// - Returns: whether it is newer than what was known.
    @discardableResult
    mutating func note(_ document: HandoverDocument) -> Bool {
        guard document.isNewer(than: newest[document.release]) else { return false }
        newest[document.release] = document
        highestToken = max(highestToken, document.token)
        return true
    }

    mutating func note(record path: String, _ peer: PeerRollback) {
        records[path] = (peer.entry.release, peer.entry.incident.map(ReplicaIncident.ordinal) ?? 0)
    }

    /// Announced rollbacks that a document of the leader says are over.
    mutating func obsoleteRecords(_ document: HandoverDocument) -> [String] {
        let rollouts = document.entries.rolloutIDs
        let last = document.entries.last { $0.incident != nil && !$0.isOfRollouts(rollouts) }
        let isOver = last.map { if case .rearmed = $0.event { true } else { false } } ?? true
        guard isOver else { return [] }
        let paths = records.filter { $0.value.release == document.release && $0.value.ordinal <= document.ordinal }
            .map(\.key).sorted()
        for path in paths { records[path] = nil }
        return paths
    }
}

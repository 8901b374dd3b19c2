import Leases
import Model
import SourceCalls

/// A replica that shares the releases with the others.
extension ReplicaService {
    // MARK: What is watched

    /// Takes in what is wanted. Beside the rounds, which renew the leases: with many releases it takes longer than a lease lasts.
    func watchWhatIsWanted(_ fleet: FleetSurroundings) async {
        guard let signals = part?.signals else { return }
        for await _ in signals {
            while !Task.isCancelled, await watchOnce(fleet) == false {
                do { try await clock.sleep(ms: 1_000) } catch { return }
            }
        }
    }

    /// - Returns: false when it has to be tried again.
    func watchOnce(_ fleet: FleetSurroundings) async -> Bool {
        while true {
            noteOwnPart()
            let before = fleet.selection.watched
            guard let wanted = part?.wanted, wanted != before else { return true }
            // No lead is taken of what is on its way out.
            part?.taken = before.intersection(wanted)
            noteOwnPart()
            let isTaken = await fleet.watch(wanted)
            let watched = fleet.selection.watched
            part?.taken = watched
            // Also when a part of what is wanted could not be taken in.
            if watched != before { await took(watched, before: before, fleet) }
            guard isTaken else { return false }
        }
    }

    private func took(_ watched: Set<Int>, before: Set<Int>, _ fleet: FleetSurroundings) async {
        noteOwnPart()
        let map = fleet.selection.map
        let (count, all) = (watched.reduce(0) { $0 + map.releases[$1].count }, map.releases.joined().count)
        logger.info("this member watches \(count) of \(all) releases, in \(watched.count) of \(map.count) shards")
        if let problem = fleet.note.save(watched, of: map.count) { logger.warning("\(problem)") }
        await save(shelf.documents(of: watched.subtracting(before).flatMap { map.releases[$0] }))
        showFleet()
    }

    /// Away from the service: it waits for the disk.
    private nonisolated func save(_ documents: [HandoverDocument]) async {
        for document in documents {
            if let problem = files.save(document) { return logger.error("\(problem)") }
        }
    }

    /// What this member knows of itself, in place of what its status says.
    func noteOwnPart() {
        guard let fleet, var part else { return }
        part.take(added: fleet.selection, atUptimeMs: clock.now.uptimeMs)
        (part.desk.isBraked, part.desk.mayLead) = (facts.isBraked(), forms.mayLead)
        let (map, watched, now) = (fleet.selection.map, part.taken, clock.now.uptimeMs)
        part.readiness.watch(watched.flatMap { map.releases[$0] }, atUptimeMs: now)
        var own = FleetDesk.Member(name: plan.name, address: facts.address, capacity: part.plan.capacity)
        own.watched = watched
        own.ready = part.readiness.ready(map, watched: watched, atUptimeMs: now)
        own.targets = part.status?.targets.reduce(0, +) ?? 0
        own.isCurrent = part.desk.member(plan.name)?.isCurrent ?? true
        part.desk.members.removeAll { $0.name == plan.name }
        part.desk.members.append(own)
        part.desk.members.sort { $0.name < $1.name }
        part.desk.held = Set(holds.keys.compactMap(part.shard))
        self.part = part
    }

    /// The store cannot be read since the start, and nothing says what the last run watched: a release that no member watches is worse
    /// than one that too many watch.
    func watchAlone() {
        guard let fleet, let part, !part.hasView, !part.hasNote, part.wanted == nil,
            clock.now.uptimeMs - part.startedUptimeMs >= tenure.aloneAfterMs
        else { return }
        let map = fleet.selection.map
        let targets = map.targets.reduce(0, +)
        guard targets <= part.plan.capacity ?? .max else {
            self.part?.want([])
            return logger.error(
                "the lease store cannot be read, and \(targets) targets are more than this member may watch: it watches nothing"
            )
        }
        logger.warning("the lease store cannot be read since the start: this member watches all releases")
        self.part?.want(Set(0..<map.count))
    }

    /// Whether the kernel has to know of a lead: who leads a shard without releases is of no interest, and would fill its journal.
    func hasReleases(_ scope: String) -> Bool {
        guard let fleet, let shard = part?.shard(of: scope) else { return true }
        let isUsed = !fleet.selection.map.releases[shard].isEmpty
        if isUsed { part?.withheld.remove(scope) } else { part?.withheld.insert(scope) }
        return isUsed
    }

    /// A reload may have named a release of a shard that had none.
    func informOfNewReleases() async {
        for scope in part?.withheld.sorted() ?? [] {
            guard let known = leaderships[scope], hasReleases(scope) else { continue }
            await send(.leadership(known))
        }
    }

    // MARK: The status

    /// Nil for a replica that takes no part in a fleet.
    func fleetStatus() async -> FleetStatus? {
        guard let fleet, part?.problem == nil else { return nil }
        let targets = await fleet.targets()
        noteOwnPart()
        guard var part else { return nil }
        let (map, watched) = (fleet.selection.map, part.desk.watched.sorted())
        var status = FleetStatus(shards: map.count, capacity: part.plan.capacity)
        status.watched = watched
        status.ready = part.desk.member(plan.name)?.ready.sorted() ?? []
        status.targets = watched.map { shard in map.releases[shard].reduce(0) { $0 + (targets[$1] ?? 0) } }
        let tokens = documents.highestTokens { scope(of: $0) }
        status.tokens = part.scopes.map { tokens[$0] ?? 0 }
        part.status = status
        self.part = part
        return status
    }

    /// What the others act on has changed since it was written.
    var hasNewsOfFleet: Bool {
        guard let part, part.problem == nil, let status = part.status, let own = part.desk.member(plan.name) else {
            return false
        }
        return status.watched != own.watched.sorted() || status.ready != own.ready.sorted()
    }

    // MARK: What the store holds

    func takeMembers(_ view: LeaseView) {
        guard var part else { return }
        let statuses = view.statuses.compactMap { one in ReplicaStatus(one.bytes).map { (one.path, $0) } }
        let newest = statuses.compactMap(\.1.manifestRevision).max() ?? 0
        part.targets = [:]
        part.desk.members = statuses.compactMap { name, status in
            guard let fleet = status.fleet, fleet.shards == part.plan.shards else { return nil }
            for (shard, targets) in zip(fleet.watched, fleet.targets) {
                part.targets[shard] = max(part.targets[shard] ?? 0, targets)
            }
            return FleetDesk.Member(
                name: name, address: status.address, capacity: fleet.capacity,
                targets: fleet.targets.reduce(0, +), watched: Set(fleet.watched), ready: Set(fleet.ready),
                isCurrent: (status.manifestRevision ?? 0) >= newest)
        }
        part.desk.leaders = [:]
        for leader in view.leaders {
            if let shard = part.shard(of: leader.scope) { part.desk.leaders[shard] = leader.name }
        }
        part.hasView = true
        self.part = part
        noteOwnPart()
    }

    func takeAssignment(_ bytes: [UInt8]) {
        guard var part else { return }
        guard let document = FleetAssignmentDocument(bytes) else {
            return logger.warning("the assignment of the fleet cannot be read: a newer version may have written it")
        }
        guard document.shards.count == part.plan.shards else {
            let problem =
                "the fleet has \(document.shards.count) shards and this member's configuration \(part.plan.shards): "
                + "it takes no part; write 'shards: \(document.shards.count)', and restart it"
            if part.problem == nil { logger.error("\(problem)") }
            part.problem = problem
            self.part = part
            return
        }
        part.problem = nil
        guard document != part.assignment else { return }
        part.moves += document.moves(from: part.assignment)
        part.assignment = document
        part.desk.assigned = document.shards
        self.part = part
        let own = document.shards.filter { $0.contains(plan.name) }
        let toLead = own.count { $0.first == plan.name }
        let overload = document.overloaded ? "; overloaded" : ""
        let what =
            "\(own.count) of \(document.shards.count) shards are for this member, \(toLead) of them to lead\(overload)"
        logger.info("assignment \(document.number) of the fleet: \(what)")
    }

    // MARK: A round

    func fleetRound(_ session: LeaseSession) async throws(SourceError) {
        guard fleet != nil, part?.problem == nil else { return }
        try await coordinate()
        await chooseWatched()
        let drops = part?.desk.leadsToDrop(atUptimeMs: clock.now.uptimeMs) ?? []
        for shard in drops { await stopToGiveBack(LeaseScope.shard(shard)) }
        try await giveBack()
        try await takeLeads(session)
    }

    private func coordinate() async throws(SourceError) {
        guard var part, let fleet, let hold = holds[LeaseScope.leader] else {
            self.part?.coordinator.rest()
            return
        }
        let weights = fleet.selection.map.targets.enumerated().map { max($1, part.targets[$0] ?? 0) }
        let members = part.desk.members.map { FleetMember(name: $0.name, capacity: $0.capacity) }
        let next = part.coordinator.next(
            part.assignment, members: members, weights: weights, copies: part.plan.copies, ttlMs: plan.ttlMs,
            atUptimeMs: clock.now.uptimeMs)
        self.part?.coordinator = part.coordinator
        guard let next else { return }
        guard try await store.write(LeasePaths.assignment, next.encoded(), leading: hold) else {
            return await stopLeading(
                hold.scope, because: "the store refused a write of it", next: Leadership(scope: hold.scope))
        }
        takeAssignment(next.encoded())
    }

    private func chooseWatched() async {
        guard let fleet, let part else { return }
        let kept = part.kept(atUptimeMs: clock.now.uptimeMs)
        var wanted = part.desk.wanted(pinned: kept)
        let leaving = part.desk.watched.subtracting(wanted)
        if !leaving.isEmpty {
            // A rollback that only this member knows is not left alone.
            let map = fleet.selection.map
            let names = await fleet.rollbacks(leaving.flatMap { map.releases[$0] }) + queue.unwritten.sorted()
            wanted = part.desk.wanted(pinned: kept.union(names.map(map.shards.shard)))
        }
        self.part?.want(wanted)
    }

    /// The kernel acts for these releases no more; what it has to hand over is still written.
    private func stopToGiveBack(_ scope: String) async {
        guard let hold = holds[scope], part?.resigning.insert(scope).inserted == true else { return }
        await inform(Leadership(token: hold.token, leader: nil, scope: scope))
    }

    /// What is all written. The rest follows in a later round: the session has to be renewed in time, so no write is waited for.
    private func giveBack() async throws(SourceError) {
        guard let scopes = part?.resigning.sorted(), !scopes.isEmpty else { return }
        for scope in scopes where !isUnwritten(scope) {
            guard let hold = holds[scope] else { continue }
            try await store.drop(hold)
            holds[scope] = nil
            part?.resigning.remove(scope)
        }
        if part?.resigning.isEmpty == false { queue.wake() }
    }

    /// Something of the releases of a lead is not in the store yet.
    private func isUnwritten(_ scope: String) -> Bool {
        if publishing[scope, default: 0] > 0 || unwrittenSent.contains(scope) { return true }
        return queue.unwritten.union(queue.releasesOfSent).contains { self.scope(of: $0) == scope }
    }

    private func takeLeads(_ session: LeaseSession) async throws(SourceError) {
        noteOwnPart()
        guard let shards = part?.desk.leadsToTake(atUptimeMs: clock.now.uptimeMs), !shards.isEmpty else { return }
        // The session has to be renewed in time; the rest follows in the next round.
        let limit = clock.now.uptimeMs + plan.ttlMs / 5
        var tookAny = false
        for shard in shards where clock.now.uptimeMs < limit {
            if try await store.lead(LeaseScope.shard(shard), session) != nil { tookAny = true }
        }
        guard tookAny else { return }
        // With what the last owners wrote in their last moments.
        let last = try await store.view(after: cursor)
        await take(last, session)
    }

    // MARK: What to show

    func showFleet() {
        guard let fleet, let part else { return }
        let map = fleet.selection.map
        var report = FleetReport(copies: part.plan.copies)
        report.assignment = part.assignment?.number ?? 0
        report.isOverloaded = part.assignment?.overloaded ?? false
        report.moves = part.moves
        report.problem = part.problem
        report.units = map.units
        let coordinator = leaderships[LeaseScope.leader]?.leader
        func releases(_ shards: some Sequence<Int>) -> Int { shards.reduce(0) { $0 + map.releases[$1].count } }
        report.members = part.desk.members.map { member in
            let led = part.desk.leaders.filter { $0.value == member.name }.keys
            return FleetReport.Member(
                name: member.name, address: member.address, isSelf: member.name == plan.name,
                isCoordinator: member.name == coordinator, targets: member.targets, capacity: member.capacity,
                leads: releases(led), watches: releases(member.watched), ready: releases(member.ready))
        }
        report.shards = (0..<map.count).map { shard in
            FleetReport.Shard(
                index: shard, releases: map.releases[shard], owner: part.desk.leaders[shard],
                standbys: part.desk.standbys(shard), state: part.desk.state(shard))
        }
        board.show(report)
    }
}

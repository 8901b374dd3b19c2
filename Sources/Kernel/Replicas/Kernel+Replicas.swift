import Model

/// A kernel beside others that watch the same releases.
extension Kernel {
    /// Another leader, or a renewed lease of this one, for the releases of its scope.
    mutating func take(_ next: Leadership, _ context: inout StepContext) {
        guard let before = replicas?.leadership(of: next.scope) else { return }
        let didLead = before.isInForce(at: context.now)
        let isOther = next.leader != before.leader
        replicas?.take(next)
        context.rights = replicas?.rights(at: context.now)
        if isOther || next.token != before.token { writeDown(next, &context) }
        let isChanged = didLead != next.isInForce(at: context.now) || next.token != before.token
        guard isOther || isChanged else { return }
        let led = releases.indices.filter { replicas?.isIn(releases[$0].name, scope: next.scope) == true }
        if isOther { for index in led { releases[index].announceAgain(&context) } }
        guard isChanged else { return }
        for index in led { startLeadingOver(index, didLead: didLead, &context) }
        guard next.isInForce(at: context.now) else { return }
        alignUnits(&context)
        for index in led { publish(releases[index].name, &context) }
    }

    private func writeDown(_ next: Leadership, _ context: inout StepContext) {
        guard let name = replicas?.identity.name else { return }
        let record = LeaderRecord(
            leader: next.leader, replica: name, token: next.token,
            scope: next.scope == LeaseScope.leader ? nil : next.scope)
        _ = context.record(.leaderChanged(record), release: "")
        context.emit(.log(LogLine(next.leader == nil ? .warning : .info, record.text)))
    }

    private mutating func startLeadingOver(_ index: Int, didLead: Bool, _ context: inout StepContext) {
        releases[index].startLeadingOver(didLead: didLead, &context)
        if context.mayLead(releases[index].name) { releases[index].alignRollout(&context) }
    }

    /// What the leader says of a release.
    mutating func take(_ document: HandoverDocument, _ context: inout StepContext) {
        guard replicas != nil, !context.mayLead(document.release),
            let index = releases.firstIndex(where: { $0.name == document.release })
        else { return }
        guard document.isNewer(than: replicas?.book(document.release)?.adopted) else {
            // Nothing has happened while it was not watched here.
            return releases[index].isBack = false
        }
        replicas?.withBook(document.release) { $0.adopt(document) }
        releases[index].adopt(document, &context)
        // What the leader has not heard of yet is handed over should this replica lead next.
        for entry in releases[index].entriesOfRollback(missingIn: document) {
            _ = replicas?.withBook(document.release) { $0.take(entry) }
        }
    }

    /// A rollback of another replica is everybody's.
    mutating func take(_ peer: PeerRollback, _ context: inout StepContext) {
        guard let index = releases.firstIndex(where: { $0.name == peer.entry.release }) else { return }
        releases[index].follow(peer, &context)
    }

    /// The leader before may have ended between the documents of two parts of a unit.
    private mutating func alignUnits(_ context: inout StepContext) {
        for unit in units where unit.members.first.map({ context.mayLead(releases[$0].name) }) == true {
            unit.align(&releases, &context)
        }
    }

    /// The store has the document.
    mutating func published(_ release: String, through sequence: UInt64, _ context: inout StepContext) {
        replicas?.withBook(release) { $0.publishedThrough = max($0.publishedThrough, sequence) }
        letRolloutsProceed(&context)
    }

    /// What a rollout may do once its entries are on the disk, and with the other replicas.
    mutating func letRolloutsProceed(_ context: inout StepContext) {
        for index in releases.indices
        where releases[index].rollouts.isLeading && context.mayLead(releases[index].name) {
            let sequence = handedOver(releases[index])
            releases[index].lead(&context) { $0.durable(through: sequence, &$1) }
        }
        // The start of a step is known to the others before it acts: one of them may have to take it over.
        for index in releases.indices where releases[index].procedure != nil {
            let sequence = replicas?.handedOver(releases[index].name, of: durableSequence) ?? durableSequence
            releases[index].leadProcedure(&context) { $0.durable(through: sequence, &$1) }
        }
        for index in releases.indices where releases[index].forwardProcess != nil {
            let sequence = replicas?.handedOver(releases[index].name, of: durableSequence) ?? durableSequence
            releases[index].leadForward(&context) { $0.durable(through: sequence, &$1) }
        }
    }

    /// At the end of a step: what it wrote down goes to the other replicas.
    mutating func handOver(_ context: inout StepContext) {
        guard replicas != nil else { return }
        var changed: [String] = []
        for entry in context.entries.dropFirst(context.knownEntries)
        where (replicas?.take(entry) == true || entry.event.isOfAlert) && !changed.contains(entry.release) {
            changed.append(entry.release)
        }
        for name in changed where context.mayLead(name) { publish(name, &context) }
    }

    private mutating func publish(_ release: String, _ context: inout StepContext) {
        guard let rights = context.rights, let known = releases.first(where: { $0.name == release }) else { return }
        let isEmpty = replicas?.book(release)?.entries.isEmpty ?? true
        guard !isEmpty || !known.alertEpochs.handed.isEmpty else { return }
        let token = rights.of(release).token
        let document = replicas?.withBook(release) { $0.document(token: token, of: known) }
        if let document { context.emit(.publish(document)) }
    }

    /// Everything up to it is on the disk, and with the other replicas. The parts of a unit take each step together: no router
    /// is called for one of them before the others' documents are there too.
    private func handedOver(_ release: Release) -> UInt64 {
        guard let replicas else { return durableSequence }
        guard let unit = release.plan.part?.unit else { return replicas.handedOver(release.name, of: durableSequence) }
        let parts = releases.filter { $0.plan.part?.unit == unit }
        return parts.map { replicas.handedOver($0.name, of: durableSequence) }.min() ?? durableSequence
    }

    /// Why an order is not taken here; nil when it is, and in a fleet for what this member does not know.
    ///
    /// - Parameter name: of a release or a unit.
    func reasonNotToLead(_ name: String, _ context: StepContext) -> String? {
        guard let rights = context.rights, !rights.leads(name), replicas?.shards == nil || isKnown(name) else {
            return nil
        }
        guard let leader = rights.of(name).leader, leader != replicas?.identity.name else {
            return "no replica leads now, so nothing is raised and nothing is rearmed; a rollback is always taken"
        }
        return "\(leader) leads: give it the order; a rollback is taken by every replica"
    }

    /// Whether a restart or another leader would know of it.
    public func isHandedOver(through sequence: UInt64, release: String) -> Bool {
        guard let replicas else { return true }
        return replicas.handedOver(release, of: sequence) >= sequence
    }
}

extension JournalEvent {
    /// An alert's firing is counted for all replicas.
    fileprivate var isOfAlert: Bool {
        if case .alertFiring = self { return true }
        if case .alertResolved = self { return true }
        return false
    }
}

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
        for index in led { startLeadingOver(index, &context) }
    }

    private func writeDown(_ next: Leadership, _ context: inout StepContext) {
        guard let name = replicas?.identity.name else { return }
        let record = LeaderRecord(
            leader: next.leader, replica: name, token: next.token,
            scope: next.scope == LeaseScope.leader ? nil : next.scope)
        _ = context.record(.leaderChanged(record), release: "")
        context.emit(.log(LogLine(next.leader == nil ? .warning : .info, record.text)))
    }

    private mutating func startLeadingOver(_ index: Int, _ context: inout StepContext) {
        let name = releases[index].name
        releases[index].startLeadingOver(&context)
        guard context.mayLead(name) else { return }
        releases[index].alignRollout(&context)
        publish(name, &context)
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

    /// The store has the document.
    mutating func published(_ release: String, through sequence: UInt64, _ context: inout StepContext) {
        replicas?.withBook(release) { $0.publishedThrough = max($0.publishedThrough, sequence) }
        letRolloutsProceed(&context)
    }

    /// What a rollout may do once its entries are on the disk, and with the other replicas.
    mutating func letRolloutsProceed(_ context: inout StepContext) {
        for index in releases.indices
        where releases[index].rollouts.isLeading && context.mayLead(releases[index].name) {
            let sequence = replicas?.handedOver(releases[index].name, of: durableSequence) ?? durableSequence
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
        where replicas?.take(entry) == true && !changed.contains(entry.release) {
            changed.append(entry.release)
        }
        for name in changed where context.mayLead(name) { publish(name, &context) }
    }

    private func publish(_ release: String, _ context: inout StepContext) {
        guard let book = replicas?.book(release), !book.entries.isEmpty, let rights = context.rights else { return }
        context.emit(.publish(book.document(token: rights.of(release).token)))
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

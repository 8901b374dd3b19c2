import Model

/// A kernel beside others that watch the same releases.
extension Kernel {
    /// Another leader, or a renewed lease of this one.
    mutating func take(_ next: Leadership, _ context: inout StepContext) {
        guard let before = replicas?.leadership else { return }
        let didLead = before.isHeld && context.now.uptimeMs < before.untilUptimeMs
        replicas?.take(next)
        if next.leader != before.leader || next.token != before.token, let name = replicas?.identity.name {
            let record = LeaderRecord(leader: next.leader, replica: name, token: next.token)
            _ = context.record(.leaderChanged(record), release: "")
            context.emit(.log(LogLine(next.leader == nil ? .warning : .info, record.text)))
        }
        context.rights = replicas?.rights(at: context.now)
        if next.leader != before.leader { for release in releases { release.announceAgain(&context) } }
        guard didLead != context.mayLead || next.token != before.token else { return }
        for index in releases.indices {
            releases[index].startLeadingOver(&context)
            if context.mayLead { releases[index].alignRollout(&context) }
            if context.mayLead { publish(releases[index].name, &context) }
        }
    }

    /// What the leader says of a release.
    mutating func take(_ document: HandoverDocument, _ context: inout StepContext) {
        guard replicas != nil, !context.mayLead,
            document.isNewer(than: replicas?.book(document.release)?.adopted),
            let index = releases.firstIndex(where: { $0.name == document.release })
        else { return }
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
        guard context.mayLead else { return }
        for index in releases.indices where releases[index].rollouts.isLeading {
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
        guard context.mayLead else { return }
        for name in changed { publish(name, &context) }
    }

    private func publish(_ release: String, _ context: inout StepContext) {
        guard let book = replicas?.book(release), !book.entries.isEmpty, let rights = context.rights else { return }
        context.emit(.publish(book.document(token: rights.token)))
    }

    /// Why an order is not taken here; nil when it is.
    func reasonNotToLead(_ context: StepContext) -> String? {
        guard let rights = context.rights, !rights.leads else { return nil }
        guard let leader = rights.leader, leader != replicas?.identity.name else {
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

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
        // Another lead of the same replica may be one of a store that has lost what was announced.
        if isOther || next.token != before.token { for index in led { releases[index].announceAgain(&context) } }
        guard isChanged else { return }
        for index in led { startLeadingOver(index, didLead: didLead, &context) }
        guard next.isInForce(at: context.now) else { return }
        alignUnits(&context)
        for index in led { publish(index, &context) }
        publishThatNothingIsKnown(led, &context)
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
        guard replicas != nil, let index = places.release(document.release) else { return }
        let leads = context.mayLead(document.release)
        let book = replicas?.book(document.release)
        // What another replica knows, where the store has lost it, and this leader never knew it.
        let isOffered = leads && book?.entries.isEmpty ?? true && !document.entries.isEmpty
        // A release that a reload has brought into a scope that is led here has had another leader, perhaps.
        guard !leads || releases[index].hasJustCome || isOffered else { return }
        if !leads, document.entries.isEmpty, let book, book.isOfItsOwnJournal { return offer(index, &context) }
        let document = document.withWhatIsKnown(book?.adopted)
        let isNewer = document.isNewer(than: book?.adopted) && (!leads || document.token > (book?.madeToken ?? 0))
        guard isNewer || isOffered else {
            // Nothing has happened while it was not watched here, or this replica has said more since.
            (releases[index].isBack, releases[index].hasJustCome) = (false, false)
            return
        }
        replicas?.withBook(document.release) { $0.adopt(document, leads: leads) }
        releases[index].adopt(document, &context)
        // What the leader has not heard of yet is handed over should this replica lead next.
        for entry in releases[index].entriesOfRollback(missingIn: document) {
            _ = replicas?.withBook(document.release) { $0.take(entry) }
        }
        guard leads else { return }
        // As when a lead begins.
        startLeadingOver(index, didLead: false, &context)
        alignUnits(&context)
        publish(index, &context)
    }

    /// A rollback of another replica is everybody's.
    mutating func take(_ peer: PeerRollback, _ context: inout StepContext) {
        guard let index = places.release(peer.entry.release), let id = peer.entry.incident else { return }
        let ordinal = ReplicaIncident.ordinal(of: id)
        releases[index].follow(peer, &context)
        releases[index].announcedOrdinal = max(releases[index].announcedOrdinal, ordinal)
        guard releases[index].hasTheRollbackUnderAnotherName(peer),
            ordinal > replicas?.book(peer.entry.release)?.ordinal ?? 0
        else { return }
        // The document says then that the other name is known: that replica takes this one, and both end together.
        replicas?.withBook(peer.entry.release) { $0.hear(ordinal) }
        if context.mayLead(peer.entry.release) { publish(index, &context) }
    }

    /// The leader before may have ended between the documents of two parts of a unit.
    private mutating func alignUnits(_ context: inout StepContext) {
        for unit in units where unit.isLed(releases, context) {
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
            let sequence = handedOver(index)
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
        var (changed, known): ([Int], Set<Int>) = ([], [])
        for entry in context.entries.dropFirst(context.knownEntries)
        where replicas?.take(entry) == true || entry.event.isOfAlert {
            guard let index = places.release(entry.release), known.insert(index).inserted else { continue }
            changed.append(index)
        }
        for index in changed where context.mayLead(releases[index].name) {
            // What the leader before said of a release that has just come comes first, if there is anything.
            if context.isReload, releases[index].hasJustCome { continue }
            publish(index, &context)
        }
    }

    /// A rollback of this replica that a document could not end while it was open is over when it is acknowledged: the leader is
    /// past it.
    mutating func endRollbacksOfThePast(_ context: inout StepContext) {
        guard replicas != nil else { return }
        let acknowledged = context.entries.dropFirst(context.knownEntries).compactMap { entry -> String? in
            if case .acknowledged = entry.event { entry.release } else { nil }
        }
        for name in acknowledged where !context.mayLead(name) {
            guard let index = places.release(name), let document = replicas?.book(name)?.adopted,
                releases[index].isOwnRollbackPast(document, at: context.now)
            else { continue }
            replicas?.withBook(name) { $0.adopt(document) }
            releases[index].adopt(document, &context)
        }
    }

    private mutating func publish(_ index: Int, _ context: inout StepContext) {
        guard !hasNothingToHandOver(releases[index]) else { return }
        makeDocument(index, &context)
    }

    /// A rollout that the leader before began and never handed over has not taken place: that replica has to hear so. After the
    /// documents that say something.
    private mutating func publishThatNothingIsKnown(_ led: [Int], _ context: inout StepContext) {
        for index in led where releases[index].plan.rollout != nil && hasNothingToHandOver(releases[index]) {
            makeDocument(index, &context)
        }
    }

    /// What this replica knows, to a leader that knows nothing: a daemon that watched alone until now has it from its journal.
    private mutating func offer(_ index: Int, _ context: inout StepContext) {
        let known = releases[index]
        let document = replicas?.withBook(known.name) { $0.document(token: HandoverDocument.tokenOfOffer, of: known) }
        if let document { context.emit(.publish(document)) }
    }

    private func hasNothingToHandOver(_ release: Release) -> Bool {
        let isEmpty = replicas?.book(release.name)?.entries.isEmpty ?? true
        return isEmpty && release.alertEpochs.handed.isEmpty
    }

    private mutating func makeDocument(_ index: Int, _ context: inout StepContext) {
        guard let rights = context.rights else { return }
        let known = releases[index]
        let token = rights.of(known.name).token
        let document = replicas?.withBook(known.name) { $0.document(token: token, of: known) }
        releases[index].hasJustCome = false
        if let document { context.emit(.publish(document)) }
    }

    /// Everything up to it is on the disk, and with the other replicas. The parts of a unit take each step together: no router
    /// is called for one of them before the others' documents are there too.
    private func handedOver(_ index: Int) -> UInt64 {
        guard let replicas else { return durableSequence }
        let unit = releases[index].plan.part.flatMap { places.unit($0.unit) }
        let parts = unit.map { units[$0].members } ?? [index]
        return parts.map { replicas.handedOver(releases[$0].name, of: durableSequence) }.min() ?? durableSequence
    }

    /// The other replicas have everything of a release and of its unit's parts.
    func isHandedOver(_ name: String) -> Bool {
        guard replicas != nil, let index = places.release(name) else { return true }
        let unit = releases[index].plan.part.flatMap { places.unit($0.unit) }
        return (unit.map { units[$0].members } ?? [index]).allSatisfy {
            replicas?.handedOver(releases[$0].name, of: .max) == .max
        }
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

import Kernel
import Leases
import Model
import SourceCalls

/// What goes to the others.
extension ReplicaService {
    func passOn() async {
        for await _ in queue.signals {
            while !Task.isCancelled, await flush() == false {
                do { try await clock.sleep(ms: 250) } catch { return }
            }
        }
    }

    /// One at a time.
    ///
    /// - Returns: false when something has to be tried again.
    func flush() async -> Bool {
        await queue.takeTurn()
        defer { queue.endTurn() }
        do throws(SourceError) {
            while let peer = queue.firstRollback {
                let own = PeerRollback(replica: plan.name, entry: peer)
                guard let bytes = HandoverText.encode(own) else { return true }
                _ = try await store.write(
                    LeasePaths.rollback(peer.release, replica: plan.name), bytes, leading: nil)
                queue.remove(peer)
            }
            try await publishOperators()
            while let document = queue.takeDocument(where: { holds[scope(of: $0)] != nil }) {
                guard let hold = holds[scope(of: document.release)] else { continue }
                try await publish(document, hold)
            }
            try await publishSent()
            try await writeOffers()
            return true
        } catch {
            return false
        }
    }

    private func publish(_ document: HandoverDocument, _ hold: LeaseHold) async throws(SourceError) {
        // What the store has had is not taken back by what was left in the queue.
        guard !documents.isOutdated(document) else { return }
        guard forms.mayWrite(LeasePaths.handover(document.release)) else {
            return logger.error(
                "\(document.release): a newer version wrote its document, which is left as it is; nothing of it is raised"
            )
        }
        let form = forms.written
        guard let bytes = HandoverText.encode(document, form: form) else {
            return logger.error(
                "\(document.release): what has to be handed over is too large; nothing is raised until it is smaller")
        }
        let isWritten: Bool
        publishing[hold.scope, default: 0] += 1
        defer { publishing[hold.scope, default: 1] -= 1 }
        do throws(SourceError) {
            isWritten = try await store.write(LeasePaths.handover(document.release), bytes, leading: hold)
        } catch {
            queue.putBack(document)
            throw error
        }
        guard isWritten else {
            // A lead that was given back meanwhile is another one.
            guard holds[hold.scope] == hold else { return }
            return await stopLeading(
                hold.scope, because: "the store refused a write of it", next: Leadership(scope: hold.scope))
        }
        documents.note(document)
        shelf.put(document)
        // A replica that came meanwhile may not read this form.
        if forms.written != form { queue.publishAgain([document]) }
        if let problem = files.save(document) { logger.error("\(problem)") }
        await send(.published(release: document.release, through: document.through))
        let obsolete = documents.obsoleteRecords(document) + documents.obsoleteOffers(document)
        shelf.remove(obsolete)
        try await store.remove(obsolete)
    }

    /// A store that was restored from a backup has lost what this replica knows, and the leader never knew it.
    private func writeOffers() async throws(SourceError) {
        while let offer = queue.takeOffer() {
            guard let bytes = HandoverText.encode(offer, form: forms.written) else { continue }
            do throws(SourceError) {
                _ = try await store.write(LeasePaths.offer(offer.release), bytes, leading: nil)
            } catch {
                queue.offer(offer)
                throw error
            }
        }
    }

    /// Another replica offers what it knows.
    func noteOffer(_ document: LeaseView.Document) {
        guard let offer = HandoverText.document(document.bytes), !offer.entries.isEmpty else { return }
        documents.note(offer: offer)
    }

    /// Of releases that this replica leads, and of which it knows nothing.
    func takeOffers() async {
        for release in documents.offeredReleases where holds[scope(of: release)] != nil {
            guard let (offer, isNew) = documents.wantedOffer(of: release) else { continue }
            if isNew { logger.info("\(release): another replica knows more of it than the lease store") }
            await send(.handedOver(offer))
        }
    }

    private func publishSent() async throws(SourceError) {
        for (id, release) in queue.takeSent() {
            let scope = scope(of: release)
            sent[scope, default: SentDeliveries()].note([id])
            unwrittenSent.insert(scope)
        }
        for scope in unwrittenSent.sorted() {
            guard let hold = holds[scope], let list = sent[scope] else { continue }
            board.remember(sent: list.ids, of: scope)
            let path = fleet == nil ? LeasePaths.sent : LeasePaths.sent(scope)
            _ = try await store.write(path, list.encoded(), leading: hold)
            unwrittenSent.remove(scope)
        }
    }
}

/// The newest document of each release, and the rollbacks that replicas have announced.
struct KnownDocuments {
    private var newest: [String: HandoverDocument] = [:]
    private var records: [String: (release: String, ordinal: UInt64)] = [:]
    private var highestKnown: UInt64 = 0
    /// What other replicas have offered, by release, until a document of the leader has it.
    private var offers: [String: (document: HandoverDocument, isNew: Bool)] = [:]
    /// By release: what a leader has to exceed so that its documents are taken here.
    private var disputed: [String: UInt64] = [:]

    var highestToken: UInt64 { max(highestKnown, disputed.values.max() ?? 0) }

    /// The newest one of each release, sorted by name.
    var all: [HandoverDocument] { newest.keys.sorted().compactMap { newest[$0] } }

    /// - Returns: whether it is newer than what was known.
    @discardableResult
    mutating func note(_ document: HandoverDocument) -> Bool {
        guard document.isNewer(than: newest[document.release]) else { return false }
        newest[document.release] = document
        highestKnown = max(highestKnown, document.token)
        if document.token >= disputed[document.release] ?? 0 { disputed[document.release] = nil }
        return true
    }

    /// A store that was restored from a backup gives tokens a second time: two leaders had the same one, and the document of the
    /// later one is not newer. It has to exceed what is known here.
    mutating func noteDispute(over document: HandoverDocument) {
        guard let known = newest[document.release], known.token == document.token, known != document else { return }
        disputed[document.release] = document.token + 1
    }

    /// The newest one of a release.
    func newest(of release: String) -> HandoverDocument? { newest[release] }

    mutating func note(offer: HandoverDocument) { offers[offer.release] = (offer, true) }

    /// Sorted.
    var offeredReleases: [String] { offers.keys.sorted() }

    /// What was offered of a release of which nothing is known here. Until a document says that it was taken it is given again: the
    /// release may come into the configuration later.
    mutating func wantedOffer(of release: String) -> (document: HandoverDocument, isNew: Bool)? {
        guard newest[release]?.entries.isEmpty ?? true, let offer = offers[release] else { return nil }
        offers[release]?.isNew = false
        return offer
    }

    /// Offers that the leader needs no longer.
    mutating func obsoleteOffers(_ document: HandoverDocument) -> [String] {
        guard !document.entries.isEmpty, offers.removeValue(forKey: document.release) != nil else { return [] }
        return [LeasePaths.offer(document.release)]
    }

    /// A newer one of its release is known.
    func isOutdated(_ document: HandoverDocument) -> Bool {
        newest[document.release]?.isNewer(than: document) ?? false
    }

    /// The highest token of the documents of each lead's releases. Another configuration may give a release to another shard, so
    /// this is found out each time.
    func highestTokens(by scope: (String) -> String) -> [String: UInt64] {
        var tokens: [String: UInt64] = [:]
        for document in newest.values { tokens[scope(document.release), default: 0].raise(to: document.token) }
        for (release, token) in disputed { tokens[scope(release), default: 0].raise(to: token) }
        return tokens
    }

    mutating func note(record path: String, _ peer: PeerRollback) {
        records[path] = (peer.entry.release, peer.entry.incident.map(ReplicaIncident.ordinal) ?? 0)
    }

    /// Announced rollbacks that a document of the leader says are over.
    mutating func obsoleteRecords(_ document: HandoverDocument) -> [String] {
        guard document.isRollbackOver else { return [] }
        let paths = records.filter { $0.value.release == document.release && $0.value.ordinal <= document.ordinal }
            .map(\.key).sorted()
        for path in paths { records[path] = nil }
        return paths
    }
}

extension UInt64 {
    fileprivate mutating func raise(to other: UInt64) { self = Swift.max(self, other) }
}

extension HandoverDocument {
    /// The leader knows of no rollback whose latch holds.
    var isRollbackOver: Bool {
        let rollouts = entries.rolloutIDs
        let last = entries.last { $0.incident != nil && !$0.isOfRollouts(rollouts) }
        return last.map { if case .rearmed = $0.event { true } else { false } } ?? true
    }
}

import Model

/// What operators have ordered about messages at any of several replicas, beside the silences in force, which are the desk's.
///
/// Orders are merged as sets, so the order in which replicas hear of them does not matter: a silence that was ended anywhere is
/// over everywhere, and an acknowledgement counts once. All ends are waited for on this replica's monotonic clock.
struct OperatorLedger: Sendable, Equatable {
    private struct Ended: Sendable, Equatable {
        let id: String
        let untilUptimeMs: Int64

        var rank: (Int64, String) { (untilUptimeMs, id) }
    }

    private struct Taken: Sendable, Equatable {
        let order: OperatorAcknowledgement
        let untilUptimeMs: Int64
        /// Its subject was not open here when it came; until then it is waited for.
        var waitsUntilUptimeMs: Int64?

        var rank: (Int64, String) { (untilUptimeMs, order.id) }
    }

    /// How long an acknowledgement waits for its subject to open here too; what a release reports later is another trouble.
    static let waitMs: Int64 = 60_000
    /// The same for one that is older than that: the documents that are read with it may open its incident.
    static let waitOfOldMs: Int64 = 5_000

    private var ended: [Ended] = []
    private var acknowledgements: [Taken] = []
    /// What had to make room, in the order in which it did. It is not taken again: each replica knows the ends only as
    /// exactly as documents travel, so two of them with more than the limit would else exchange the rest for ever.
    private var evicted: [Ended] = []
    private static let evictedLimit = 2_000

    init() {}

    func isEnded(_ silence: String) -> Bool { ended.contains { $0.id == silence } || isEvicted(silence) }

    private func isEvicted(_ id: String) -> Bool { evicted.contains { $0.id == id } }

    /// - Returns: whether it is news.
    @discardableResult
    mutating func end(_ silence: String, restMs: Int64, at now: Moment) -> Bool {
        forgetOld(at: now)
        guard restMs > 0, !isEnded(silence) else { return false }
        ended.append(Ended(id: silence, untilUptimeMs: now.uptimeMs + min(restMs, Silence.longestMs)))
        guard ended.count > OperatorActs.limit,
            let first = ended.indices.min(by: { ended[$0].rank < ended[$1].rank })
        else { return true }
        let gone = ended.remove(at: first)
        evict(gone)
        return gone.id != silence
    }

    /// What ends first makes room first, whatever the order in which it came.
    private mutating func evict(_ gone: Ended) {
        if evicted.count >= OperatorLedger.evictedLimit { evicted.removeFirst() }
        evicted.append(gone)
    }

    /// - Parameter isDone: it has been carried out here.
    /// - Returns: whether it is news.
    @discardableResult
    mutating func take(_ order: OperatorAcknowledgement, restMs: Int64, isDone: Bool, at now: Moment) -> Bool {
        forgetOld(at: now)
        guard restMs > 0, !isEvicted(order.id), !acknowledgements.contains(where: { $0.order.id == order.id }) else {
            return false
        }
        let keptMs = min(restMs, OperatorAcknowledgement.keptMs)
        let isOld = OperatorAcknowledgement.keptMs - keptMs >= OperatorLedger.waitMs
        let waitMs = isOld ? OperatorLedger.waitOfOldMs : OperatorLedger.waitMs
        acknowledgements.append(
            Taken(
                order: order, untilUptimeMs: now.uptimeMs + keptMs,
                waitsUntilUptimeMs: isDone ? nil : now.uptimeMs + waitMs))
        guard acknowledgements.count > OperatorActs.limit,
            let first = acknowledgements.indices.min(by: { acknowledgements[$0].rank < acknowledgements[$1].rank })
        else { return true }
        let gone = acknowledgements.remove(at: first)
        evict(Ended(id: gone.order.id, untilUptimeMs: gone.untilUptimeMs))
        return gone.order.id != order.id
    }

    /// Acknowledgements whose subjects are open here, or may have been opened meanwhile.
    func waiting(at now: Moment) -> [(order: OperatorAcknowledgement, ageMs: Int64)] {
        acknowledgements.filter { $0.waitsUntilUptimeMs.map { now.uptimeMs < $0 } ?? false }.map {
            ($0.order, OperatorAcknowledgement.keptMs - ($0.untilUptimeMs - now.uptimeMs))
        }
    }

    mutating func done(_ id: String) {
        guard let index = acknowledgements.firstIndex(where: { $0.order.id == id }) else { return }
        acknowledgements[index].waitsUntilUptimeMs = nil
    }

    private mutating func forgetOld(at now: Moment) {
        ended.removeAll { $0.untilUptimeMs <= now.uptimeMs }
        acknowledgements.removeAll { $0.untilUptimeMs <= now.uptimeMs }
        evicted.removeAll { $0.untilUptimeMs <= now.uptimeMs }
    }

    /// Everything that this replica knows, for the others.
    func acts(_ replica: String, silences: [Silence], at now: Moment) -> OperatorActs {
        var acts = OperatorActs(replica: replica, atWallMs: now.wallMs)
        acts.silences = silences
        acts.ended = ended.filter { $0.untilUptimeMs > now.uptimeMs }.map {
            EndedSilence(id: $0.id, untilWallMs: now.wallMs + $0.untilUptimeMs - now.uptimeMs)
        }
        acts.acknowledgements = acknowledgements.filter { $0.untilUptimeMs > now.uptimeMs }.map { taken in
            var order = taken.order
            order.untilWallMs = now.wallMs + taken.untilUptimeMs - now.uptimeMs
            return order
        }
        return acts
    }
}

extension Kernel {
    /// What operators have ordered at another replica, or at this one before it was started.
    ///
    /// - Parameter ageMs: how long ago it was written, milliseconds.
    mutating func take(_ acts: OperatorActs, ageMs: Int64, _ context: inout StepContext) {
        guard let name = replicas?.identity.name else { return }
        context.hasOperatorActs = true
        let (isOwn, age) = (acts.replica == name, max(0, ageMs))
        var isNews = false
        for one in acts.ended where takeEnd(one, restMs: one.untilWallMs - acts.atWallMs - age, &context) {
            isNews = true
        }
        // Its own silences are in its journal.
        for silence in isOwn ? [] : acts.silences where takeSilence(silence, acts, age, &context) { isNews = true }
        for order in acts.acknowledgements {
            let restMs = order.untilWallMs - acts.atWallMs - age
            let isKnown = replicas?.operators.take(order, restMs: restMs, isDone: isOwn, at: context.now) == false
            if !isKnown { isNews = true }
        }
        if isNews, !isOwn { shareOperators(&context) }
    }

    private mutating func takeEnd(_ one: EndedSilence, restMs: Int64, _ context: inout StepContext) -> Bool {
        let isNews = replicas?.operators.end(one.id, restMs: restMs, at: context.now) == true
        // Also where it is one too many to be remembered.
        if replicas?.operators.isEnded(one.id) == true, context.desk.endSilence(one.id) != nil {
            context.emit(.log(LogLine(.info, "\(one.id) was ended at another replica")))
        }
        return isNews
    }

    private mutating func takeSilence(
        _ silence: Silence, _ acts: OperatorActs, _ ageMs: Int64, _ context: inout StepContext
    ) -> Bool {
        let restMs = min(silence.endsWallMs - acts.atWallMs - ageMs, Silence.longestMs)
        guard restMs > 0, replicas?.operators.isEnded(silence.id) == false,
            !context.desk.silences.all.contains(where: { $0.id == silence.id })
        else { return false }
        // By this replica's clock from here on.
        var own = silence
        own.hidden = 0
        own.orderedWallMs = silence.orderedWallMs ?? silence.beganWallMs
        own.beganWallMs = context.now.wallMs - max(0, acts.atWallMs - silence.beganWallMs) - ageMs
        own.endsWallMs = context.now.wallMs + restMs
        guard context.desk.adopt(own, at: context.now) else { return false }
        context.emit(
            .log(LogLine(.warning, "\(own.by): \(own.id) of another replica hides notifications of \(own.match.text)")))
        return true
    }

    /// Acknowledgements of other replicas whose subjects are open here. A step that opens nothing has nothing to do for
    /// them, however many wait.
    mutating func takeAcknowledgements(_ context: inout StepContext) {
        guard context.mayHaveOpened, let waiting = replicas?.operators.waiting(at: context.now) else { return }
        for (order, ageMs) in waiting
        where isUnacknowledged(order.subject, isNew: ageMs < OperatorLedger.waitMs, context) {
            replicas?.operators.done(order.id)
            _ = acknowledge(order.subject, by: order.by, reason: order.reason, shared: order.id, &context)
        }
    }

    /// An operator has ordered something here.
    mutating func shareOperators(_ context: inout StepContext) {
        guard let replicas else { return }
        let acts = replicas.operators.acts(replicas.identity.name, silences: context.desk.silences.all, at: context.now)
        context.emit(.shareOperators(acts))
    }

    /// The name of an order that no other replica gives.
    func operatorID(_ kind: String, _ context: StepContext) -> String {
        replicas == nil
            ? "\(kind)-\(context.nextSequence)" : "\(kind)-\(journalIdentity)-\(context.nextSequence)"
    }
}

import Model

/// Releases that go back together. The release that is sick goes first and waits for nothing; its companions are asked,
/// the decision is written down, and only when it is on the disk they go.
extension Kernel {
    /// At the end of a step: groups begin, and continue as far as they can.
    mutating func leadGroups(_ context: inout StepContext) {
        beginGroups(&context)
        for index in releases.indices where releases[index].group != nil {
            guard var process = releases[index].group else { continue }
            guard context.mayLead(releases[index].name), !context.isDryRun else {
                // The next leader asks by itself.
                releases[index].group = GroupProcess(incident: process.incident, isResumed: true)
                continue
            }
            releases[index].group = nil
            let isOpen = proceed(index, &process, &context)
            releases[index].group = isOpen ? process : nil
        }
    }

    /// The group as it is now belongs to the rollback that was just intended.
    private mutating func beginGroups(_ context: inout StepContext) {
        for entry in context.entries.dropFirst(context.knownEntries) {
            guard case .intended(let intent) = entry.event, intent.trigger.takesCompanions,
                let group = plan.group(of: entry.release), let id = entry.incident,
                let index = releases.firstIndex(where: { $0.name == entry.release })
            else { continue }
            let companions = group.companions(of: entry.release).map(\.companion)
            let work = GroupWork(
                group: group.name, key: "\(journalIdentity)-\(id)", onRefusal: group.onRefusal, companions: companions)
            if intent.isDryRun { showInstead(work, index, &context) }
            guard !intent.isDryRun, let incident = releases[index].rollback?.incident, incident.id == id,
                incident.group == nil,
                incident.isOpen
            else { continue }
            releases[index].write(.begun(work), &context)
            releases[index].group = GroupProcess(incident: id, isResumed: false)
        }
    }

    /// A dry run says what would have been asked.
    private func showInstead(_ work: GroupWork, _ index: Int, _ context: inout StepContext) {
        let names = work.companions.map(\.text).joined(separator: ", ")
        context.log(
            .warning, releases[index].name,
            "dry run: group \(work.group) would have been asked to go back too: \(names)")
    }

    /// - Returns: false when nothing of the group is left to do.
    private mutating func proceed(_ index: Int, _ process: inout GroupProcess, _ context: inout StepContext) -> Bool {
        guard let rollback = releases[index].rollback, rollback.id == process.incident,
            let run = rollback.incident.group, run.isOpen
        else { return false }
        if rollback.incident.isRearmed {
            releases[index].endGroup(because: "\(releases[index].name) is rearmed", &context)
            return false
        }
        guard let decision = run.decision else {
            // Traffic first: the router of the sick release is called before anything is asked.
            if rollback.isRouterCalled { prepare(index, run, &process, &context) }
            return true
        }
        if process.isDecisionLost { decide(index, decision, &process, &context) }
        if let sequence = process.decisionSequence {
            guard isKept(sequence, of: releases[index].name) else { return true }
            process.decisionSequence = nil
        }
        if decision.isHeld { return true }
        commit(index, &process, &context)
        return releases[index].rollback?.incident.group?.isOpen == true
    }

    /// On the disk, and with the other replicas.
    private func isKept(_ sequence: UInt64, of release: String) -> Bool {
        (replicas?.handedOver(release, of: durableSequence) ?? durableSequence) >= sequence
    }

    // MARK: Prepare

    private mutating func prepare(
        _ index: Int, _ run: GroupRun, _ process: inout GroupProcess, _ context: inout StepContext
    ) {
        let now = context.now
        guard process.deadlineUptimeMs != nil else { return startAsking(run, &process, at: now) }
        process.askingUptimeMs = nil
        let isTooOld = now.wallMs - run.begunWallMs > GroupProcess.oldestUndecidedMs
        for one in process.questions.indices where !isTooOld { ask(index, run, &process.questions[one], &context) }
        let isDue = now.uptimeMs >= process.deadlineUptimeMs ?? .min || isTooOld
        guard isDue || process.questions.allSatisfy({ $0.answer.map { !$0.isOpen } ?? false }) else { return }
        let answers = process.questions.map { question -> (companion: GroupCompanion, answer: GroupAnswer) in
            let missing = isTooOld ? "the verdict was too old when it was found" : "it did not answer in time"
            return (question.companion, question.answer ?? .unknown(reason: missing))
        }
        decide(index, GroupDecision(answers, onRefusal: run.work.onRefusal), &process, &context)
    }

    /// The router's call leaves in a step of its own.
    private func startAsking(_ run: GroupRun, _ process: inout GroupProcess, at now: Moment) {
        let limitMs = process.isResumed ? GroupProcess.prepareAfterRestartMs : GroupProcess.prepareMs
        (process.deadlineUptimeMs, process.askingUptimeMs) = (now.uptimeMs + limitMs, now.uptimeMs + 1)
        process.questions = run.work.companions.map { GroupProcess.Errand($0) }
    }

    /// A companion of this kernel answers at once; one that does not know yet is asked again in each step.
    private mutating func ask(
        _ index: Int, _ run: GroupRun, _ question: inout GroupProcess.Errand, _ context: inout StepContext
    ) {
        guard question.answer?.isOpen ?? true else { return }
        let order = order(.prepare, index, run, question.companion, versions: nil)
        guard question.companion.daemon != nil else {
            guard let one = releases.firstIndex(where: { $0.name == question.companion.release }) else {
                return question.answer = .refused(reason: "it is not in the configuration any more")
            }
            let isFirst = question.answer == nil
            question.answer = prepared(one, order.link, &context).answer
            // What is not known may be read within the second that is left.
            if isFirst, question.answer?.isOpen == true {
                releases[one].poll.schedule(atUptimeMs: context.now.uptimeMs)
            }
            return
        }
        let now = context.now.uptimeMs
        if let call = question.call, now < call.expiresUptimeMs { return }
        guard now >= question.nextUptimeMs else { return }
        question.nextUptimeMs = now + 2 * GroupProcess.prepareMs
        call(index, order, &question, timeoutMs: GroupProcess.prepareMs, &context)
    }

    /// Asks a release of this kernel, and writes down that it is ready.
    private mutating func prepared(
        _ index: Int, _ link: GroupLink, _ context: inout StepContext
    ) -> (answer: GroupAnswer, sequence: UInt64?) {
        let answer = releases[index].preparation(link, at: context.now)
        guard case .ready(let versions) = answer else { return (answer, nil) }
        return (answer, releases[index].promise(link, versions, &context))
    }

    private mutating func decide(
        _ index: Int, _ decision: GroupDecision, _ process: inout GroupProcess, _ context: inout StepContext
    ) {
        process.decisionSequence = releases[index].write(.decided(decision), &context)
        (process.isDecisionLost, process.deadlineUptimeMs, process.questions) = (false, nil, [])
    }

    // MARK: Commit

    private mutating func commit(_ index: Int, _ process: inout GroupProcess, _ context: inout StepContext) {
        guard let run = releases[index].rollback?.incident.group else { return }
        if process.committingUptimeMs == nil {
            process.committingUptimeMs = context.now.uptimeMs
            process.commits = run.pending.map { GroupProcess.Errand($0.companion) }
        }
        let isLate =
            context.now.uptimeMs >= (process.committingUptimeMs ?? 0) + GroupProcess.reportAfterMs
        for one in process.commits.indices {
            commit(index, run, &process.commits[one], isLate: isLate, &context)
        }
        process.isLateReported = isLate
        guard let after = releases[index].rollback?.incident.group else { return }
        process.commits.removeAll { done in !after.pending.contains { $0.companion == done.companion } }
        // One that could not go is for an operator to see to, who rearms the sick one afterwards.
        guard after.pending.isEmpty, after.stale.isEmpty else { return }
        releases[index].endGroup(because: "all that go back are on the way", &context)
    }

    private mutating func commit(
        _ index: Int, _ run: GroupRun, _ errand: inout GroupProcess.Errand, isLate: Bool,
        _ context: inout StepContext
    ) {
        let companion = errand.companion
        guard let goer = run.pending.first(where: { $0.companion == companion }) else { return }
        let order = order(.commit, index, run, companion, versions: goer.versions)
        if companion.daemon == nil {
            guard let one = releases.firstIndex(where: { $0.name == companion.release }) else {
                return settle(index, &errand, .stale(reason: "it is not in the configuration any more"), &context)
            }
            let answer = releases[one].commit(order.link, versions: goer.versions, because: order.reason, &context)
            return settle(index, &errand, answer, &context)
        }
        if let call = errand.call, context.now.uptimeMs >= call.expiresUptimeMs {
            errand.answer = .unknown(reason: "its daemon did not answer in time")
        }
        if let answer = errand.answer { settle(index, &errand, answer, &context) }
        if isLate, let reason = errand.lastTrouble { report(index, companion, reason, &context) }
        guard errand.call == nil, context.now.uptimeMs >= errand.nextUptimeMs,
            releases[index].rollback?.incident.group?.pending.contains(where: { $0.companion == companion }) == true
        else { return }
        call(index, order, &errand, timeoutMs: GroupProcess.commitTimeoutMs, &context)
    }

    /// What an answer to a commit means.
    private mutating func settle(
        _ index: Int, _ errand: inout GroupProcess.Errand, _ answer: GroupAnswer, _ context: inout StepContext
    ) {
        errand.answer = nil
        switch answer {
        case .going(let incident):
            releases[index].write(.committed(errand.companion, incident: incident), &context)
        case .stale(let reason): releases[index].write(.stale(errand.companion, reason: reason), &context)
        case .held(let reason):
            report(index, errand.companion, reason, &context)
            if errand.companion.daemon != nil { errand.putOff(because: reason, seed: context.seed, at: context.now) }
        case .unknown(let reason), .refused(let reason), .idle(let reason):
            if errand.lastTrouble != reason {
                context.log(
                    .warning, releases[index].name, "\(errand.companion.text) does not go back yet: \(reason)",
                    incident: releases[index].rollback?.id)
            }
            errand.putOff(because: reason, seed: context.seed, at: context.now)
        case .ready: errand.putOff(because: "it answered as if it were asked", seed: context.seed, at: context.now)
        }
    }

    /// Operators hear once of each companion that does not go.
    private mutating func report(
        _ index: Int, _ companion: GroupCompanion, _ reason: String, _ context: inout StepContext
    ) {
        let known = releases[index].rollback?.incident.group?.delayed ?? []
        guard !known.contains(where: { $0.companion == companion }) else { return }
        releases[index].write(.delayed(companion, reason: reason), &context)
    }

    // MARK: Other daemons

    private func order(
        _ kind: GroupOrder.Kind, _ index: Int, _ run: GroupRun, _ companion: GroupCompanion, versions: GroupVersions?
    ) -> GroupOrder {
        let (name, incident) = (releases[index].name, releases[index].rollback?.incident)
        let link = GroupLink(group: run.work.group, release: name, incident: incident?.id ?? "", key: run.work.key)
        return GroupOrder(
            kind: kind, release: companion.release, link: link, versions: versions,
            reason: incident?.intent.trigger.cause ?? "")
    }

    /// The address and the credentials are those of the present configuration.
    private mutating func call(
        _ index: Int, _ order: GroupOrder, _ errand: inout GroupProcess.Errand, timeoutMs: Int64,
        _ context: inout StepContext
    ) {
        let member = plan.group(of: releases[index].name)?.members.first { $0.companion == errand.companion }
        guard let daemon = member?.daemon else {
            return errand.answer =
                order.kind == .prepare
                ? .refused(reason: "it is not in the group any more")
                : .stale(reason: "it is not in the group any more")
        }
        let number = context.newCall()
        errand.call = RouterCall(number: number, expiresUptimeMs: context.now.uptimeMs + timeoutMs + 1_000)
        context.emit(
            .askCompanion(
                GroupCall(
                    release: releases[index].name, number: number, order: order, daemon: daemon, timeoutMs: timeoutMs)))
    }

    /// What another daemon asks of a release of this one. It starts no preparation: a group cannot call back.
    mutating func takeGroupOrder(
        _ order: GroupOrder, _ context: inout StepContext
    ) -> (answer: GroupAnswer, sequence: UInt64?) {
        guard let index = releases.firstIndex(where: { $0.name == order.release }) else {
            return (.refused(reason: "there is no release \(order.release)"), nil)
        }
        guard !context.isDryRun else { return (.refused(reason: "its daemon is a dry run"), nil) }
        switch order.kind {
        case .prepare: return prepared(index, order.link, &context)
        case .commit:
            let versions = order.versions ?? GroupVersions(from: "", to: "")
            let answer = releases[index].commit(order.link, versions: versions, because: order.reason, &context)
            guard case .going = answer else { return (answer, nil) }
            return (answer, releases[index].rollback?.incident.intentSequence)
        }
    }
}

extension GroupAnswer {
    /// Another answer may come.
    fileprivate var isOpen: Bool { if case .unknown = self { true } else { false } }
}

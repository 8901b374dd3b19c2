import JournalStore

/// What the daemon needed to act on faults, by itself and with everything else that it may have to do at the same time.
struct LoadFigure: Sendable, Codable, Equatable {
    var load: DaemonLoad
    var alone: FaultFigure
    var loaded: FaultFigure
    /// Answers of the API that the readers received per second, and the megabytes (10^6) in them.
    var answersPerSecond: Double
    var megabytesPerSecond: Double

    /// No decision may wait for what others request: the router's call may come this much later, at the median.
    static let limitMs = 100.0

    /// The difference of the two medians from the deciding scrape to the router's call, milliseconds; nil when a fault
    /// was not answered.
    var differenceMs: Double? {
        guard alone.answered == alone.faults, loaded.answered == loaded.faults else { return nil }
        guard let alone = alone.pipeline, let loaded = loaded.pipeline else { return nil }
        return loaded.p50 - alone.p50
    }

    var isWithinLimit: Bool { differenceMs.map { $0 <= LoadFigure.limitMs } ?? false }
}

/// Measures the same faults twice: with a daemon that has nothing else to do, and with one under load.
struct LoadRow {
    let faults: Int
    let folder: String
    var load = DaemonLoad()

    /// The load was not what it should have been, so the figures would say nothing.
    struct MissingLoad: Error, CustomStringConvertible {
        let description: String
    }

    func measure(_ peer: RollguardPeer) async throws -> LoadFigure {
        let alone = try await FaultRow(faults: faults, folder: folder).run(peer).figure
        let silent = SilentServer()
        var load = load
        if load.hasHangingPlans == true { load.silentPort = try await silent.start() }
        let row = FaultRow(faults: faults, folder: folder, load: load)
        let run = try await row.run(peer)
        let hanging = silent.count
        await silent.stop()
        try checkStreams(run.streams)
        try checkPlans(hanging, of: run.figure)
        try await check(run.answers, state: row.folder(of: peer) + "/state")
        return LoadFigure(
            load: load, alone: alone, loaded: run.figure,
            answersPerSecond: Double(run.answers.answers) / run.readSeconds,
            megabytesPerSecond: Double(run.answers.bytes) / run.readSeconds / 1e6)
    }

    /// Each stream brings the whole status at least.
    private func checkStreams(_ count: APIReaders.Count) throws {
        let wanted = load.streams ?? 0
        if let failure = count.failure { throw MissingLoad(description: "a stream failed: \(failure)") }
        guard count.bytes >= wanted * 1_000 else {
            throw MissingLoad(description: "\(wanted) streams brought \(count.bytes) bytes in all")
        }
    }

    /// Each rollback has had a step that hangs.
    private func checkPlans(_ requests: Int, of figure: FaultFigure) throws {
        guard load.hasHangingPlans == true, requests < figure.answered else { return }
        throw MissingLoad(description: "\(figure.answered) rollbacks had \(requests) requests of steps in all")
    }

    private func check(_ count: APIReaders.Count, state: String) async throws {
        if let failure = count.failure {
            throw MissingLoad(description: "\(count.failures) requests of the readers failed, first: \(failure)")
        }
        guard count.answers >= load.readers else {
            throw MissingLoad(description: "the \(load.readers) readers received \(count.answers) answers in all")
        }
        let journal = try SQLiteJournal(directory: state)
        let (entries, waiting) = (try await journal.lastSequence(), try await journal.outboxCounts().waiting)
        guard entries >= UInt64(load.journalEntries), waiting >= load.waiting else {
            throw MissingLoad(
                description: "at the end the journal had \(entries) entries, and \(waiting) deliveries were waiting")
        }
    }
}

import GRDB

/// Which old rows may be removed, and their removal in slices.
///
/// What may be removed is searched for on a reading connection, by index; only the removal itself is done where entries
/// are written, in slices of ``sliceRows``, so that an entry of a rollback never waits for more than one slice.
enum Pruning {
    /// Rows removed in one transaction.
    static let sliceRows = 200
    /// Rows that are read at once; what is older remains for the next lookup.
    static let batchRows = 10_000
    /// Between two slices, so that whatever waits for the disk gets it.
    static let pauseMs = 5

    /// Per release, everything from its last beginning, its last rollback and its last rollout on stays: that restores
    /// windows, incident, latch and steps. Which version is where is one entry, which stays too,
    /// as do the silences and the open subjects of notifications. So does the last entry of all, which says what the next sequence is.
    ///
    /// - Returns: sequences of entries, at most ``batchRows``.
    static func oldEntries(beforeWallMs: Int64, _ database: Database) throws -> [Int64] {
        let last = try Int64.fetchOne(database, sql: "SELECT MAX(sequence) FROM entries") ?? 0
        var old: [Int64] = []
        for release in try String.fetchAll(database, sql: "SELECT DISTINCT release FROM entries") {
            guard old.count < batchRows else { break }
            let end = min(last, try firstKept(release, database) ?? last)
            old += try Int64.fetchAll(
                database,
                sql:
                    "SELECT sequence FROM entries WHERE release = ? AND wall_ms < ? AND sequence < ? AND kind NOT IN ('deployment', 'silences', 'open_subjects') LIMIT ?",
                arguments: [release, beforeWallMs, end, batchRows - old.count])
        }
        return old
    }

    /// The first sequence that restores the release; nil when none of its entries does.
    static func firstKept(_ release: String, _ database: Database) throws -> Int64? {
        let began = try Int64.fetchOne(
            database, sql: "SELECT MAX(sequence) FROM entries WHERE release = ? AND kind = 'began'",
            arguments: [release])
        // A dry run that an earlier version wrote into this journal does not replace a rollback whose latch holds.
        let isReal = "json_valid(event) AND json_extract(event, '$.intended._0.isDryRun') = 0"
        let rollbacks = try ["TRUE", isReal].map { try firstOfNewestIncident(release, where: $0, database) }
        let rollouts = try ["rollout_prepared", "rollout_queued"].map { kind in
            try Int64.fetchOne(
                database, sql: "SELECT MAX(sequence) FROM entries WHERE release = ? AND kind = ?",
                arguments: [release, kind])
        }
        return ([began] + rollbacks + rollouts).compactMap(\.self).min()
    }

    private static func firstOfNewestIncident(
        _ release: String, where condition: String, _ database: Database
    ) throws -> Int64? {
        try Int64.fetchOne(
            database,
            sql: """
                SELECT MIN(sequence) FROM entries WHERE incident =
                    (SELECT incident FROM entries WHERE release = ? AND kind = 'intended' AND \(condition)
                     ORDER BY sequence DESC LIMIT 1)
                """, arguments: [release])
    }

    /// - Returns: numbers of settled deliveries, at most ``batchRows``.
    static func oldDeliveries(beforeWallMs: Int64, _ database: Database) throws -> [Int64] {
        try ["delivered", "dead"].flatMap { state in
            try Int64.fetchAll(
                database, sql: "SELECT number FROM outbox WHERE state = ? AND settled_ms < ? LIMIT ?",
                arguments: [state, beforeWallMs, batchRows / 2])
        }
    }

    static func removeEntries(_ sequences: ArraySlice<Int64>, _ database: Database) throws {
        try remove("DELETE FROM entries WHERE sequence IN", sequences, database)
    }

    /// One that is waiting again since the lookup stays.
    static func removeDeliveries(_ numbers: ArraySlice<Int64>, _ database: Database) throws {
        try remove("DELETE FROM outbox WHERE state != 'waiting' AND number IN", numbers, database)
    }

    private static func remove(_ sql: String, _ keys: ArraySlice<Int64>, _ database: Database) throws {
        let marks = repeatElement("?", count: keys.count).joined(separator: ",")
        try database.execute(sql: "\(sql) (\(marks))", arguments: StatementArguments(Array(keys)))
    }
}

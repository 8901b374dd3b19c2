import GRDB

/// Which entries a start has to read. A journal keeps months of entries, and most of them restore nothing: decoding them
/// all would delay the first scrape by seconds.
///
/// Read are, per release: what happened since its last beginning or in its last rollback, its newest incidents, all
/// beginnings and ends, and the newest entry of what each new one replaces (a rule's alert, the router's usability,
/// statistical evidence, pending alerts, which version is where), and its newest rollouts. A test replays both, all entries and these, and compares the kernels.
enum RestoringEntries {
    /// As many as a release remembers: 100 closed ones and the one whose latch holds.
    private static let incidents = 101
    /// The running one, one in the queue, and those that are shown.
    private static let rollouts = 22

    /// - Returns: sequences, rising. The newest entry of the journal is always among them.
    static func sequences(_ database: Database) throws -> [Int64] {
        var found: Set<Int64> = []
        if let last = try Int64.fetchOne(database, sql: "SELECT MAX(sequence) FROM entries") { found.insert(last) }
        for release in try String.fetchAll(database, sql: "SELECT DISTINCT release FROM entries") {
            found.formUnion(try sinceItsBeginning(release, database))
            found.formUnion(try newestIncidents(release, database))
            found.formUnion(try newestRollouts(release, database))
            found.formUnion(try newestAlerts(release, database))
            found.formUnion(try newestOfEachKind(release, database))
            found.formUnion(try beginningsAndEnds(release, database))
            found.formUnion(try openTargetReasons(release, database))
        }
        return found.sorted()
    }

    /// Everything whose effect lasts; of the kinds that are left out here the newest entry is enough, or none.
    private static func sinceItsBeginning(_ release: String, _ database: Database) throws -> [Int64] {
        guard let first = try Pruning.firstKept(release, database) else { return [] }
        return try Int64.fetchAll(
            database,
            sql: """
                SELECT sequence FROM entries WHERE release = ? AND sequence >= ? AND kind NOT IN
                    ('alert_firing', 'alert_resolved', 'held', 'router_unusable', 'router_usable',
                     'targets_unusable', 'targets_usable', 'way_back_closed', 'way_back_opened',
                     'schema_breached', 'schema_breach_ended', 'group_prepared')
                """, arguments: [release, first])
    }

    private static func newestIncidents(_ release: String, _ database: Database) throws -> [Int64] {
        try Int64.fetchAll(
            database,
            sql: """
                SELECT sequence FROM entries WHERE incident IN (
                    SELECT incident FROM entries WHERE release = ? AND kind = 'intended'
                    ORDER BY sequence DESC LIMIT ?)
                """, arguments: [release, incidents])
    }

    /// An entry of a rollout has the rollout's id where one of a rollback has the incident's.
    private static func newestRollouts(_ release: String, _ database: Database) throws -> [Int64] {
        try Int64.fetchAll(
            database,
            sql: """
                SELECT sequence FROM entries WHERE incident IN (
                    SELECT DISTINCT incident FROM entries
                    WHERE release = ? AND kind IN ('rollout_prepared', 'rollout_queued')
                    ORDER BY sequence DESC LIMIT ?)
                """, arguments: [release, rollouts])
    }

    /// The newest entry of each rule.
    private static func newestAlerts(_ release: String, _ database: Database) throws -> [Int64] {
        try Int64.fetchAll(
            database,
            sql: """
                SELECT MAX(sequence) FROM entries WHERE release = ? AND kind IN ('alert_firing', 'alert_resolved')
                GROUP BY CASE WHEN json_valid(event) THEN
                    COALESCE(json_extract(event, '$.alertFiring._0.rule'),
                        json_extract(event, '$.alertResolved._0.rule')) END
                """, arguments: [release])
    }

    /// A beginning says which versions the entries after it belong to, and both say when an incident became history.
    private static func beginningsAndEnds(_ release: String, _ database: Database) throws -> [Int64] {
        try Int64.fetchAll(
            database, sql: "SELECT sequence FROM entries WHERE release = ? AND kind IN ('began', 'ended')",
            arguments: [release])
    }

    /// Each reason for which targets are not known is written once, so all of them hold until the end of the last one.
    private static func openTargetReasons(_ release: String, _ database: Database) throws -> [Int64] {
        try Int64.fetchAll(
            database,
            sql: """
                SELECT sequence FROM entries WHERE release = ? AND kind = 'targets_unusable' AND sequence > COALESCE(
                    (SELECT MAX(sequence) FROM entries WHERE release = ? AND kind = 'targets_usable'), 0)
                """, arguments: [release, release])
    }

    private static func newestOfEachKind(_ release: String, _ database: Database) throws -> [Int64] {
        try [
            ["router_unusable", "router_usable"], ["targets_usable"], ["way_back_closed", "way_back_opened"],
            ["schema_breached", "schema_breach_ended"],
            ["evidence"], ["pending"], ["group_prepared"],
            ["deployment"], ["silences"], ["open_subjects"],
        ].compactMap { kinds in
            let marks = repeatElement("?", count: kinds.count).joined(separator: ",")
            return try Int64.fetchOne(
                database, sql: "SELECT MAX(sequence) FROM entries WHERE release = ? AND kind IN (\(marks))",
                arguments: StatementArguments([release] + kinds))
        }
    }
}

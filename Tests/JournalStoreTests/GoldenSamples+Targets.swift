import Model

/// The event of targets that come and go; journals of the first version have none.
extension GoldenSamples {
    static let targets: [(name: String, event: JournalEvent)] = [
        ("pool_targets_changed", .targetsChanged(record)),
        ("targets_unusable", .targetsUnusable(reason: "file a.json has given no list for more than 150 s")),
        ("targets_usable", .targetsUsable),
    ]

    private static var record: TargetsRecord {
        var record = TargetsRecord(
            baseline: 2, canary: 3, added: ["canary b:2", "canary b:3"], removed: ["baseline a:9"],
            moved: ["baseline c:1"], restartsComparison: true)
        record.removed = 12
        return record
    }
}

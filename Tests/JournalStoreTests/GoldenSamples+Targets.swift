import Model

/// The events of targets and configurations that come and go; journals of the first version have none.
extension GoldenSamples {
    static let targets: [(name: String, event: JournalEvent)] = [
        ("pool_targets_changed", .targetsChanged(record)),
        ("targets_unusable", .targetsUnusable(reason: "file a.json has given no list for more than 150 s")),
        ("targets_usable", .targetsUsable), ("configured", .configured(configuration)),
        ("configured_refused", .configured(refused)), ("configured_pinned", .configured(pinned)),
        ("leader_changed", .leaderChanged(LeaderRecord(leader: "rg-2", replica: "rg-1", token: 17))),
        (
            "leader_changed_shard",
            .leaderChanged(LeaderRecord(leader: "rg-2", replica: "rg-1", token: 17, scope: "shard-17"))
        ),
        ("leader_changed_none", .leaderChanged(LeaderRecord(leader: nil, replica: "rg-1", token: 0))),
    ]

    private static var state: CentreState {
        CentreState(
            label: "etcd:/rollguard/v1/", revision: "42", order: 42, digest: "sha256:00ff",
            manifest: CentreManifest(revision: 7, author: "ci", reason: "stricter", files: []), files: [])
    }

    private static var configuration: ConfigurationRecord {
        ConfigurationRecord(
            outcome: .applied, state: state, files: ["changed rules/errors.yaml"],
            changes: "checkout: changed rules CanaryErrors")
    }

    private static var pinned: ConfigurationRecord {
        var record = ConfigurationRecord(
            outcome: .applied, state: state, files: [], changes: "checkout: changed rules CanaryErrors")
        record.order = "pinned"
        record.ordered = CentreBrake.Order(by: "ann", reason: "bad push", sinceWallMs: 1_780_000_000_000)
        return record
    }

    private static var refused: ConfigurationRecord {
        var state = state
        state.manifest = nil
        return ConfigurationRecord(
            outcome: .refused, state: state, files: ["added rules/errors.yaml"],
            problems: ["etcd:/rollguard/v1/rules/errors.yaml:12:3: error: unknown field 'treshold'"])
    }

    private static var record: TargetsRecord {
        var record = TargetsRecord(
            baseline: 2, canary: 3, added: ["canary b:2", "canary b:3"], removed: ["baseline a:9"],
            moved: ["baseline c:1"], restartsComparison: true)
        record.removed = 12
        return record
    }
}

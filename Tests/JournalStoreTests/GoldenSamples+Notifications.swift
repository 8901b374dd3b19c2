import Model

/// What is written down of routes, silences and acknowledgements; journals of the first version have none.
extension GoldenSamples {
    static let desk: [(name: String, event: JournalEvent)] = [
        ("operator_acknowledged", .operatorAcknowledged(by: "ada", reason: "the router is being repaired")),
        ("escalated", .escalated(boss)),
        ("escalated_undelivered", .escalated(boss, Undelivered(receiver: "pager", reason: "HTTP 410: gone"))),
        ("silences", .silences([silence])),
        ("silences_of_replica", .silences([silenceOfReplica])),
        ("open_subjects", .openSubjects([subject])),
    ]

    private static let boss = EscalationStep(afterMs: 300_000, receivers: ["boss"])

    private static let silence = Silence(
        id: "silence-17",
        match: NotificationMatch(
            releases: ["checkout"], severities: [.warning], rules: ["*"],
            labels: [.init(name: "team", value: "payments")]),
        beganWallMs: 1_700_000_000_000, endsWallMs: 1_700_007_200_000, by: "ada", reason: "load test")

    /// Ordered at another replica, whose clock was three seconds behind.
    private static var silenceOfReplica: Silence {
        var one = silence
        one.id = "silence-8a7f20-17"
        one.orderedWallMs = 1_699_999_997_000
        return one
    }

    private static var subject: OpenSubject {
        var subject = OpenSubject(
            receivers: ["pager"], openedWallMs: 1_700_000_000_000,
            steps: [.init(step: boss, dueMs: 305_000)], notification: notifications[1].notification,
            acknowledgedBy: "ada")
        subject.begun = [boss]
        return subject
    }
}

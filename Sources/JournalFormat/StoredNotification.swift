import Model

/// A notification in the outbox.
struct StoredNotification: StoredRecord {
    struct Step: StoredRecord {
        let atWallMs: Int64
        let step: String
        let detail: String

        init(_ step: Notification.TimelineStep) {
            (atWallMs, self.step, detail) = (step.atWallMs, step.step, step.detail)
        }

        func model() throws -> Notification.TimelineStep { .init(atWallMs: atWallMs, step: step, detail: detail) }
    }

    let v: Int?
    let sequence: UInt64
    let event: String
    let atWallMs: Int64
    let release: String
    let baselineVersion: String
    let canaryVersion: String
    let incident: String?
    let rollout: String?
    let summary: String
    let alert: StoredAlert?
    let splitBefore: StoredSplit?
    let splitAfter: StoredSplit?
    let isDryRun: Bool
    let timeline: [Step]

    init(_ notification: Notification) {
        v = RecordVersion.current
        (sequence, event) = (notification.sequence, notification.event.rawValue)
        (atWallMs, release) = (notification.atWallMs, notification.release)
        (baselineVersion, canaryVersion) = (notification.baselineVersion, notification.canaryVersion)
        (incident, rollout, summary) = (notification.incident, notification.rollout, notification.summary)
        alert = notification.alert.map(StoredAlert.init)
        splitBefore = notification.splitBefore.map(StoredSplit.init)
        splitAfter = notification.splitAfter.map(StoredSplit.init)
        isDryRun = notification.isDryRun
        timeline = notification.timeline.map(Step.init)
    }

    func model() throws -> Notification {
        try RecordVersion.check(v)
        var notification = Notification(
            sequence: sequence, event: try storedCase(event), atWallMs: atWallMs, release: release,
            baselineVersion: baselineVersion, canaryVersion: canaryVersion, incident: incident, summary: summary,
            alert: try alert?.model(), splitBefore: try splitBefore?.model(), splitAfter: try splitAfter?.model(),
            isDryRun: isDryRun, timeline: try timeline.map { try $0.model() })
        notification.rollout = rollout
        return notification
    }
}

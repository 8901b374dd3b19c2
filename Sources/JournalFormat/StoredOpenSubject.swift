import Model

/// A subject of notifications that is not over.
struct StoredOpenSubject: StoredRecord {
    let receivers: [String]
    let openedWallMs: Int64
    let steps: [OpenSubject.DueStep]
    let begun: [EscalationStep]
    let notification: StoredNotification
    let acknowledgedBy: String?

    init(_ subject: OpenSubject) {
        (receivers, openedWallMs, steps) = (subject.receivers, subject.openedWallMs, subject.steps)
        begun = subject.begun
        notification = StoredNotification(subject.notification)
        acknowledgedBy = subject.acknowledgedBy
    }

    func model() throws -> OpenSubject {
        var subject = OpenSubject(
            receivers: receivers, openedWallMs: openedWallMs, steps: steps, notification: try notification.model(),
            acknowledgedBy: acknowledgedBy)
        subject.begun = begun
        return subject
    }
}

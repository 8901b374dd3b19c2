/// What receivers were notified of and what is not over: who is told of its end, and who is notified next while it is
/// not acknowledged.
public struct OpenSubject: Sendable, Equatable {
    /// ``Notification/subject``.
    public var subject: String
    /// Names of the receivers that got a notification of it, in their order.
    public var receivers: [String]
    /// When the first one was made, milliseconds since the Unix epoch.
    public var openedWallMs: Int64
    /// The steps of the escalation that are to come, rising by time; none where nothing is escalated, and after an
    /// acknowledgement.
    public var steps: [DueStep]
    /// The steps of all routes that have sent a notification of it, as they are configured: each is begun once.
    public var begun: [EscalationStep] = []
    /// The newest notification of it, with a short timeline.
    public var notification: Notification
    /// The operator who has acknowledged it; nil while none has.
    public var acknowledgedBy: String?

    /// A step that is to come.
    public struct DueStep: Sendable, Equatable, Codable {
        public var step: EscalationStep
        /// Milliseconds after the subject was opened: a route may have sent its first notification of it later.
        public var dueMs: Int64

        public init(step: EscalationStep, dueMs: Int64) {
            self.step = step
            self.dueMs = dueMs
        }
    }

    public init(
        receivers: [String], openedWallMs: Int64, steps: [DueStep] = [], notification: Notification,
        acknowledgedBy: String? = nil
    ) {
        subject = notification.subject
        self.receivers = receivers
        self.openedWallMs = openedWallMs
        self.steps = steps
        self.notification = notification
        self.acknowledgedBy = acknowledgedBy
    }
}

import Support

/// Which receivers get which notifications. Every route that matches sends.
public struct RoutePlan: Sendable, Equatable {
    public var match: NotificationMatch
    /// Names of receivers, at least one, each once.
    public var receivers: [String]
    /// Who is notified while no operator has acknowledged; rising by time.
    public var escalation: [EscalationStep]
    /// The route is silent in these hours, but for what is critical.
    public var muted: [WeeklyWindow]

    public init(
        match: NotificationMatch = NotificationMatch(), receivers: [String], escalation: [EscalationStep] = [],
        muted: [WeeklyWindow] = []
    ) {
        self.match = match
        self.receivers = receivers
        self.escalation = escalation
        self.muted = muted
    }

    /// - Parameter wallMs: milliseconds since the Unix epoch.
    public func isMuted(_ notification: Notification, atWallMs wallMs: Int64) -> Bool {
        Severity(notification) < .critical && muted.contains { $0.contains(wallMs) }
    }
}

/// Further receivers of a notification whose subject is still open and not acknowledged after a time.
public struct EscalationStep: Sendable, Equatable, Codable {
    /// Since the route's first notification of the subject.
    public var afterMs: Int64
    /// Names of receivers, at least one.
    public var receivers: [String]

    public init(afterMs: Int64, receivers: [String]) {
        self.afterMs = afterMs
        self.receivers = receivers
    }
}

extension EscalationStep {
    /// As a phrase.
    ///
    /// - Parameters:
    ///   - undelivered: why the step did not wait for its time; nil when it did.
    ///   - isBrief: without what the receiver answered, as further receivers get it: an answer may name its address.
    public func text(after undelivered: Undelivered?, isBrief: Bool = false) -> String {
        let seconds = NumberText.seconds(Double(afterMs) / 1_000)
        let cause =
            undelivered.map { "\($0.receiver) does not take notifications" + (isBrief ? "" : " (\($0.reason))") }
            ?? "not acknowledged for \(seconds)"
        return "\(cause): notifying \(receivers.joined(separator: ", "))"
    }
}

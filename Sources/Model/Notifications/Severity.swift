/// How much attention a notification needs. The order is that of urgency.
public enum Severity: String, Sendable, Comparable, CaseIterable, Codable {
    /// Nothing has to be done.
    case info
    /// To be seen soon.
    case warning
    /// An operator is needed now.
    case critical

    public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .info: 0
        case .warning: 1
        case .critical: 2
        }
    }

    public init(_ notification: Notification) {
        switch notification.event {
        case .rollbackAbandoned, .planStuck, .wayBackClosed, .schemaBreached, .groupHeld, .groupIncomplete:
            self = .critical
        case .rollbackHeld: self = notification.incident == nil ? .warning : .critical
        case .rollbackIntended: self = notification.isDryRun ? .info : .warning
        case .rollbackFallback, .rollbackDrifted, .routerUnusable, .targetsUnusable, .rolloutHalted, .gateLapsed,
            .personNeeded, .planDrift, .watchFailed, .groupDecided:
            self = .warning
        case .alertFiring: self = Severity(alert: notification.alert)
        default: self = .info
        }
    }

    /// The label `severity` of a rule, as rules for Prometheus use it; `info` without one.
    public init(alert: AlertRecord?) {
        let label = alert?.labels.first { $0.name == "severity" }.map { "severity: \($0.value.lowercased())" }
        switch label {
        case "severity: page", "severity: critical", "severity: error", "severity: emergency": self = .critical
        case "severity: warning", "severity: ticket": self = .warning
        default: self = .info
        }
    }
}

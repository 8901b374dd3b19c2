/// A line for the daemon's log.
public struct LogLine: Sendable, Equatable {
    public enum Level: String, Sendable, Equatable {
        case info
        case warning
        case error
    }

    public var level: Level
    public var release: String?
    /// The id of the incident that it is about.
    public var incident: String?
    /// The name of the rule that it is about.
    public var rule: String?
    public var text: String

    public init(
        _ level: Level, release: String? = nil, incident: String? = nil, rule: String? = nil, _ text: String
    ) {
        self.level = level
        self.release = release
        self.incident = incident
        self.rule = rule
        self.text = text
    }
}

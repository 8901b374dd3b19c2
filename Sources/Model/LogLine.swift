/// A line for the daemon's log.
public struct LogLine: Sendable, Equatable {
    public enum Level: String, Sendable, Equatable {
        case info
        case warning
        case error
    }

    public var level: Level
    public var release: String?
    public var text: String

    public init(_ level: Level, release: String? = nil, _ text: String) {
        self.level = level
        self.release = release
        self.text = text
    }
}

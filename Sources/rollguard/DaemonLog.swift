import Logging

/// The daemon's log: standard error, one line each, with the time.
enum DaemonLog {
    static func make(level: Logger.Level) -> Logger {
        var logger = Logger(label: "rollguard", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = level
        return logger
    }
}

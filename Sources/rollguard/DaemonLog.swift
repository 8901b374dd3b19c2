import ArgumentParser
import Foundation
import Logging
import Support

/// The daemon's log: standard error, one line each.
enum DaemonLog {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        /// `2026-11-28T10:15:30.123Z info checkout: text incident=checkout-17`
        case text
        /// An object per line.
        case json
        /// As text without the time, after the priority that systemd-journald reads (`<6>`, sd-daemon(3)).
        case journald
    }

    static func make(level: Logger.Level, format: Format = .text) -> Logger {
        var logger = Logger(label: "rollguard", factory: { _ in LineLogHandler(format: format) })
        logger.logLevel = level
        return logger
    }
}

/// `--log-level` and `--log-format` of the commands that run until they are stopped.
struct LogChoice: ParsableArguments {
    @Option(help: "trace, debug, info, warning or error.")
    var logLevel = "info"

    @Option(help: "text, json (an object per line) or journald (text with systemd's priorities, without the time).")
    var logFormat: DaemonLog.Format = .text

    func logger() throws -> Logger {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw Failure.usage("error: unknown log level '\(logLevel)'; it is trace, debug, info, warning or error")
        }
        return DaemonLog.make(level: level, format: logFormat)
    }
}

/// Writes each event as one line, at once.
struct LineLogHandler: LogHandler {
    let format: DaemonLog.Format
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()
    /// Whole lines; another thread's come before or after.
    var write: @Sendable (String) -> Void = { FileHandle.standardError.write(Data($0.utf8)) }
    var wallMs: @Sendable () -> Int64 = { Int64((Date().timeIntervalSince1970 * 1_000).rounded(.down)) }

    init(format: DaemonLog.Format) { self.format = format }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues(\.description)
            .sorted { $0.key < $1.key }
        write(
            LogLineText(level: event.level, message: event.message.description, fields: fields, wallMs: wallMs())
                .text(format) + "\n")
    }
}

/// One event as a line.
struct LogLineText {
    let level: Logger.Level
    let message: String
    /// Sorted by name.
    let fields: [(key: String, value: String)]
    let wallMs: Int64

    func text(_ format: DaemonLog.Format) -> String {
        switch format {
        case .text: "\(WallTime(wallMs: wallMs)) \(level.rawValue) \(withFields)"
        case .journald: "<\(priority)>\(withFields)"
        case .json: json
        }
    }

    /// The release is the message's first part already.
    private var withFields: String {
        ([message] + fields.filter { $0.key != "release" }.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
    }

    private var json: String {
        var object = [("time", "\(WallTime(wallMs: wallMs))"), ("level", level.rawValue), ("message", message)]
        object += fields.map { ($0.key, $0.value) }
        let members = object.map { "\(Self.quoted($0.0)):\(Self.quoted($0.1))" }
        return "{\(members.joined(separator: ","))}"
    }

    /// RFC 8259, section 7.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Of syslog (RFC 5424, section 6.2.1).
    private var priority: Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}

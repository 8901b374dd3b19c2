import Foundation

/// One line of `rollguard doctor`.
struct CheckupFinding: Sendable, Equatable {
    enum Level: String, Sendable {
        case ok
        /// It works, and something about it is probably not meant or will be missed one day.
        case warning
        /// A release could not be watched or rolled back like this.
        case error
    }

    let level: Level
    /// What was tried: `state`, `checkout: baseline 10.0.0.11:9090`.
    let subject: String
    /// What was found, and for what is not ok what to do.
    let text: String

    static func ok(_ subject: String, _ text: String) -> CheckupFinding {
        CheckupFinding(level: .ok, subject: subject, text: text)
    }

    static func warning(_ subject: String, _ text: String) -> CheckupFinding {
        CheckupFinding(level: .warning, subject: subject, text: text)
    }

    static func error(_ subject: String, _ text: String) -> CheckupFinding {
        CheckupFinding(level: .error, subject: subject, text: text)
    }

    /// `ok       state: …`
    var line: String {
        level.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0) + "\(subject): \(text)"
    }
}

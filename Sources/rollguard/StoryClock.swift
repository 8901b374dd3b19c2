import Foundation
import Logging

/// Time since the story began, in front of every line.
final class StoryClock: Sendable {
    private let began = ContinuousClock.now
    private let beganWallMs = Int64(Date().timeIntervalSince1970 * 1_000)

    var elapsedMs: Int64 {
        let elapsed = ContinuousClock.now - began
        return elapsed.components.seconds * 1_000 + elapsed.components.attoseconds / 1_000_000_000_000_000
    }

    func wallMs(at elapsedMs: Int64) -> Int64 { beganWallMs + elapsedMs }

    func say(_ text: String) {
        let tenths = elapsedMs / 100
        let time = "\(tenths / 10).\(tenths % 10) s"
        Terminal.say(String(repeating: " ", count: max(0, 8 - time.count)) + time + "  " + text)
    }
}

/// The daemon's log as part of the story.
struct StoryLog: LogHandler {
    let clock: StoryClock
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        // The libraries' own lines (a server started, a signal trapped) are not part of the story.
        let message = "\(event.message)"
        guard message.hasPrefix("checkout") || message.hasPrefix("configuration of") else { return }
        clock.say(message)
    }
}

import ArgumentParser
import Dispatch
import Foundation
import UnixSignals

/// Ends a foreground command on SIGINT (Ctrl-C), SIGTERM, and SIGHUP, which a terminal that is closed sends.
enum Interruption {
    /// The longest time for cleaning up after the signal. The process ends then, whatever is still open.
    static let cleanupLimitMs = 900

    private enum Event: Sendable {
        case finished
        case signal(UnixSignal)
    }

    /// Runs `work` until it returns. On a signal the work is cancelled, and it has ``cleanupLimitMs`` to clean up.
    ///
    /// - Parameters:
    ///   - endsOnHangup: false for a command that reloads on SIGHUP.
    ///   - cleanupLimitMs: for what follows a signal, here and in the caller.
    /// - Returns: the exit code that reports the signal to the shell (130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP),
    ///   or
    ///   nil when the work ended by itself.
    /// - Throws: what the work throws, unless a signal came first.
    static func watch(
        endsOnHangup: Bool = true, cleanupLimitMs: Int = cleanupLimitMs,
        _ work: @escaping @Sendable () async throws -> Void
    ) async throws -> ExitCode? {
        let signals =
            endsOnHangup
            ? await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
            : await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask {
                try await work()
                return .finished
            }
            group.addTask {
                for await signal in signals { return .signal(signal) }
                return .finished
            }
            defer { group.cancelAll() }
            guard case .signal(let signal) = try await group.next() else { return nil }
            let code = exitCode(signal)
            exitLatest(code, withinMs: cleanupLimitMs)
            group.cancelAll()
            // Whatever the cancelled work says now, the reason for the end is the signal.
            while let _ = await group.nextResult() {}
            return code
        }
    }

    /// The shell's convention: 128 and the number of the signal.
    private static func exitCode(_ signal: UnixSignal) -> ExitCode {
        ExitCode(128 + (signal == .sigint ? SIGINT : signal == .sighup ? SIGHUP : SIGTERM))
    }

    private static func exitLatest(_ code: ExitCode, withinMs limitMs: Int) {
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(limitMs)) {
            _exit(code.rawValue)
        }
    }
}

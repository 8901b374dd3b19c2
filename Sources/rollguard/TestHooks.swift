import Foundation

/// Faults that the tests plant in the real executable, by environment variables.
enum TestHooks {
    /// See `Daemon.Options.dieAfterSequence`.
    static var dieAfterSequence: UInt64? { variable("ROLLGUARD_TEST_DIE_AFTER").flatMap { UInt64($0) } }

    /// See `Daemon.Options.endAfterMs`.
    static var endAfterMs: Int64? { variable("ROLLGUARD_TEST_END_AFTER_MS").flatMap { Int64($0) } }

    private static func variable(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
}

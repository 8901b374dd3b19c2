import Daemon
import Logging

/// The real daemon in the demo's process.
struct DemoDaemon {
    let path: String
    let clock: StoryClock

    /// While the demo runs it has no reason to end, so its end, however it comes about, is a failure.
    func run(announce: AsyncStream<String>.Continuation) async -> DemoStory.Ending {
        var logger = Logger(label: "rollguard", factory: { _ in StoryLog(clock: clock) })
        logger.logLevel = .info
        var options = Daemon.Options(
            version: Rollguard.version,
            onListening: { host, port in
                announce.yield("http://\(host):\(port)")
                announce.finish()
            })
        options.handlesSignals = false
        options.endAfterMs = TestHooks.endAfterMs
        let daemon = Daemon(source: ConfigurationFile(path: path), options: options, logger: logger)
        // A daemon that ends before it listens must not leave the story waiting for its address.
        defer { announce.finish() }
        let reason: String
        do {
            try await daemon.run()
            reason = "it returned"
        } catch {
            reason = "\(error)"
        }
        return DemoStory.Ending(
            isAsItShouldBe: false, text: "error: the daemon ended in the middle of the demo: \(reason)")
    }
}

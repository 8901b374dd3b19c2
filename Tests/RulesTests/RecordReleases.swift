import DemoWorld
import Foundation
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Makes new recordings: two and a half minutes of real services under real load. A run that records fails, so that
/// it is not taken for a test.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["ROLLGUARD_RECORD"] != nil))
struct RecordReleases {
    private static let cycles = 30
    private static let faultAtCycle = 8

    @Test(arguments: ["healthy", "errors", "latency", "crash"])
    func record(_ name: String) async throws {
        let old = DemoService(version: "v1", instance: "old", fault: .none, seed: 1)
        let new = DemoService(version: "v2", instance: "new", fault: .none, seed: 2)
        let addresses = (old: try await old.start(), new: try await new.start())
        let loads = [(addresses.old, 90), (addresses.new, 30)].map {
            LoadGenerator(target: $0.0, requestsPerSecond: $0.1, users: 100, seed: UInt64($0.1))
        }
        let running = loads.map { load in Task { await load.run() } }
        var recording = Recording(cycles: [])
        for cycle in 0..<Self.cycles {
            if cycle == Self.faultAtCycle { await new.setFault(Self.fault(name)) }
            recording.cycles.append(
                Recording.Cycle(
                    baseline: try? await Self.body(addresses.old), canary: try? await Self.body(addresses.new)))
            try await Task.sleep(for: .milliseconds(Recording.intervalMs))
        }
        for (load, task) in zip(loads, running) {
            task.cancel()
            await load.stop()
        }
        await old.stop()
        await new.stop()
        try recording.write(name)
        Issue.record("\(name) was recorded: check the difference, then run the tests without ROLLGUARD_RECORD")
    }

    private static func fault(_ name: String) -> DemoFault {
        switch name {
        case "errors": .errors(share: 0.08)
        case "latency": .latency(extraMs: 400, share: 0.1)
        case "crash": .crash
        default: .none
        }
    }

    /// What the rules use; the rest of the exposition would only be bulk.
    private static func body(_ address: String) async throws -> [UInt8] {
        let (data, _) = try await URLSession.shared.data(from: URL(string: "http://\(address)/metrics")!)
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        let wanted = lines.filter { $0.hasPrefix("http_request") || $0.hasPrefix("process_start_time_seconds") }
        return Array((wanted.joined(separator: "\n") + "\n").utf8)
    }
}

import Bench
import Foundation
import HTTPClient
import JournalStore
import Kernel
import Logging
import Model
import Ports
import Synchronization
import SystemSupport
import Testing

@testable import Daemon

struct RouterServiceTests {
    private static let silent = Logger(label: "routers", factory: { _ in SwiftLogNoOpLogHandler() })

    private final class Calls: Sendable {
        let made = Mutex<[String]>([])
    }

    private struct Recorder: RouterDriver {
        let aim: RouterAim
        let calls: Calls
        let capabilities = RouterCapabilities(readBack: .acked, movesStickyClients: true, granularityBasisPoints: 1)
        let instances = ["one"]

        func observe(timeoutMs: Int64) async -> [RouterObservation] { [] }
        func plan(_ split: Split) -> [PlannedCall] { [] }
        func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
            calls.made.withLock { $0.append("\(aim.rawValue) \(split.canaryBasisPoints)") }
            return []
        }
    }

    /// A call goes to the side that was the canary's when the kernel asked for it, whenever it is made.
    @Test func aCallIsMadeWithTheAimOfItsTime() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("routers-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let clock = SystemClock()
        let meter = KernelMeter(version: "1", clock: clock)
        let calls = Calls()
        let driver = AimedDriver { Recorder(aim: $0, calls: calls) }
        let service = RouterService(drivers: ["shop": driver, "web": driver], logger: Self.silent, meter: meter)
        func apply(_ points: Int, _ release: String = "shop") {
            service.enqueue(
                .apply(
                    release: release, call: points, split: Split(canaryBasisPoints: points), timeoutMs: 1_000,
                    via: .primary))
        }
        apply(1)
        service.aim(release: "shop", isTurned: true)
        apply(2)
        apply(3, "web")
        service.replace(["shop": driver])
        apply(4)
        // Gone with the reload.
        apply(5, "web")
        service.aim(release: "shop", isTurned: false)
        apply(6)

        let journal = try SQLiteJournal(directory: folder.path)
        let effects = EffectSink(
            journal: JournalWriter(journal: journal, clock: clock, logger: Self.silent, meter: meter), routers: service,
            log: KernelLog(logger: Self.silent), meter: meter)
        let kernel = BusyKernel(rules: [], targets: 1, reading: BusyKernel.busyReading).kernel
        let watchdog = Watchdog(
            kernel: kernel, clock: clock, secrets: KnownSecrets(SystemSecretStore()), effects: effects)
        let running = Task { await service.run(watchdog: watchdog) }
        for _ in 0..<500 where calls.made.withLock({ $0.count < 5 }) { try await Task.sleep(for: .milliseconds(10)) }
        running.cancel()
        await running.value
        await watchdog.stop()
        #expect(calls.made.withLock { $0.sorted() } == ["direct 1", "direct 3", "direct 6", "turned 2", "turned 4"])
    }
}

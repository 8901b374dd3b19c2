import Bench
import Foundation
import HTTPClient
import JournalStore
import Kernel
import Logging
import Model
import SystemSupport
import Testing

@testable import Daemon

struct SnapshotCacheTests {
    private static let silent = Logger(label: "desk", factory: { _ in SwiftLogNoOpLogHandler() })

    private static func watchdog(_ folder: URL) throws -> Watchdog {
        let clock = SystemClock()
        let meter = KernelMeter(version: "1", clock: clock)
        let journal = try SQLiteJournal(directory: folder.path)
        let rules = (0..<50).map { BusyKernel.rule($0, windowMs: 10_000) }
        let kernel = BusyKernel(rules: rules, targets: 4, reading: BusyKernel.busyReading).kernel
        let effects = EffectSink(
            journal: JournalWriter(journal: journal, clock: clock, logger: silent, meter: meter),
            routers: RouterService(drivers: [:], logger: silent, meter: meter), log: KernelLog(logger: silent),
            meter: meter)
        return Watchdog(kernel: kernel, clock: clock, secrets: KnownSecrets(SystemSecretStore()), effects: effects)
    }

    /// All readers at the same time get the same snapshot; what a command did shows in the next one.
    @Test func aSnapshotIsSharedAndNeverOlderThanACommand() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("desk-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let watchdog = try Self.watchdog(folder)
        let desk = SnapshotCache(watchdog: watchdog)
        for number in 1...20 {
            await withTaskGroup(of: Snapshot.self) { group in
                for _ in 0..<40 { group.addTask { await desk.snapshot() } }
                for await snapshot in group { #expect(snapshot.releases.first?.rules.count == 50) }
            }
            let command: Command =
                number % 2 == 1
                ? .rollback(release: "checkout", toVersion: nil) : .rearm(release: "checkout")
            _ = await watchdog.command(command, by: "test", reason: "test")
            let own = await watchdog.copy()
            let seen = await desk.snapshot()
            let wanted = own.kernel.snapshot(at: own.now)
            #expect(seen.releases == wanted.releases && seen.incidents == wanted.incidents)
        }
        await watchdog.stop()
    }

    @Test func scrapesAloneShowAfterAWhile() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("desk-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let watchdog = try Self.watchdog(folder)
        let desk = SnapshotCache(watchdog: watchdog)
        #expect(await desk.snapshot().releases.first?.canary.targets.first?.error == nil)
        let instance = try #require(await desk.snapshot().releases.first?.canary.targets.first?.instance)
        await watchdog.send(
            .scraped(
                ScrapeReport(
                    release: "checkout", pool: .canary, target: 0, instance: instance,
                    outcome: .failure("gone"))))
        #expect(await eventually { await desk.snapshot().releases.first?.canary.targets.first?.error != nil })
        await watchdog.stop()
    }
}

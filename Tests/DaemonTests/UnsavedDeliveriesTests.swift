import Foundation
import JournalStore
import Model
import Ports
import SystemSupport
import Testing

@testable import Daemon

private func delivery(_ id: String, _ receiver: String = "oncall") -> Delivery {
    Delivery(
        id: id, receiver: receiver,
        notification: Notification(
            sequence: 1, event: .rollbackIntended, atWallMs: 5, release: "checkout", baselineVersion: "v1",
            canaryVersion: "v2", summary: "s"))
}

private func batch(_ sequence: UInt64, _ deliveries: [Delivery] = []) -> JournalBatch {
    JournalBatch(
        entries: [
            JournalEntry(sequence: sequence, wallMs: 5, release: "checkout", incident: nil, event: .ended(.withdrawn))
        ], deliveries: deliveries)
}

/// A folder on a disk of its own that can be filled, where the test may mount one.
final class SmallDisk {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("disk-\(UUID().uuidString)").path

    init?() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard SmallDisk.run("mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", path) else {
            try FileManager.default.removeItem(atPath: path)
            return nil
        }
    }

    deinit {
        _ = SmallDisk.run("umount", "-l", path)
        try? FileManager.default.removeItem(atPath: path)
    }

    var state: String { path + "/state" }

    func fill() throws {
        _ = FileManager.default.createFile(atPath: path + "/fill", contents: nil)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path + "/fill"))
        defer { try? file.close() }
        while (try? file.write(contentsOf: Data(repeating: 0x78, count: 4_096))) != nil {}
    }

    func empty() throws { try FileManager.default.removeItem(atPath: path + "/fill") }

    private static func run(_ arguments: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

@Suite("A journal on a disk that takes nothing")
struct UnsavedDeliveriesTests {
    @Test func whatIsInMemoryIsDeliveredInItsOrderAndOnce() {
        var unsaved = UnsavedDeliveries()
        unsaved.expect([delivery("a"), delivery("b", "chat"), delivery("c")])
        #expect(unsaved.receivers == ["chat", "oncall"] && unsaved.head(receiver: "oncall")?.delivery.id == "a")
        unsaved.failed("a", reason: "503", nextTryWallMs: 9)
        #expect(unsaved.head(receiver: "oncall")?.delivery.attempt == 2)
        let isRemembered = unsaved.settle("a", .delivered(atWallMs: 1))
        #expect(isRemembered)
        #expect(unsaved.head(receiver: "oncall")?.delivery.id == "c")
        unsaved.saved([delivery("a"), delivery("b", "chat"), delivery("c")])
        #expect(unsaved.receivers.isEmpty && unsaved.settledIds == ["a"])
    }

    /// The queue in memory has a bound, and so has what is remembered of it.
    @Test func memoryIsBounded() {
        var unsaved = UnsavedDeliveries()
        for number in 0..<12_000 { unsaved.expect([delivery("\(number)")]) }
        #expect(unsaved.queues.first?.waiting == 10_000)
        var refused = 0
        for number in 0..<12_000 where !unsaved.settle("\(number)", .delivered(atWallMs: 1)) { refused += 1 }
        #expect(refused == 2_000)
    }

    @Test func aFullDiskDelaysNoNotification() async throws {
        guard let disk = try SmallDisk() else { return }
        let journal = try await DegradableJournal(
            directory: disk.state, files: SQLiteJournalFiles(), clock: SystemClock())
        try await journal.append(batch(1, [delivery("a")]))
        try disk.fill()
        // Some scrape bodies may still be free inside the file.
        var sequence: UInt64 = 2
        var failing = batch(sequence, [delivery("b\(sequence)")])
        journal.expect(failing)
        while (try? await journal.append(failing)) != nil, sequence < 5_000 {
            try await journal.markDelivered("b\(sequence)", atWallMs: 7)
            sequence += 1
            failing = batch(sequence, [delivery("b\(sequence)")])
            journal.expect(failing)
        }
        #expect(journal.problem != nil)
        #expect(try await journal.receiversWaiting() == ["oncall"])
        #expect(try await journal.nextDelivery(receiver: "oncall")?.delivery.id == "a")
        try await journal.markDelivered("a", atWallMs: 8)
        #expect(try await journal.nextDelivery(receiver: "oncall")?.delivery.id == "b\(sequence)")
        try await journal.markDelivered("b\(sequence)", atWallMs: 9)
        #expect(try await journal.receiversWaiting() == [])
        try disk.empty()
        try await journal.append(failing)
        #expect(journal.problem == nil)
        #expect(try await journal.receiversWaiting() == [])
        #expect(try await journal.outboxCounts().waiting == 0)
    }

    @Test func aDaemonStartsOnAFullDiskWithWhatTheJournalHolds() async throws {
        guard let disk = try SmallDisk() else { return }
        let identity: String
        do {
            let journal = try SQLiteJournal(directory: disk.state)
            identity = journal.identity
            try await journal.append(batch(1, [delivery("a")]))
        }
        // The index of the write-ahead log is created again after a restart of the machine, which needs space.
        try? FileManager.default.removeItem(atPath: disk.state + "/journal.sqlite-shm")
        try disk.fill()
        let journal = try await DegradableJournal(
            directory: disk.state, files: SQLiteJournalFiles(), clock: SystemClock())
        #expect(journal.problem != nil && journal.readProblem == nil && journal.isMemoryComplete)
        #expect(journal.identity == identity)
        #expect(try await journal.records().map(\.sequence) == [1])
        let next = batch(2, [delivery("b")])
        journal.expect(next)
        await #expect(throws: JournalError.self) { try await journal.append(next) }
        #expect(try await journal.nextDelivery(receiver: "oncall")?.delivery.id == "a")
        try await journal.markDelivered("a", atWallMs: 8)
        #expect(try await journal.nextDelivery(receiver: "oncall")?.delivery.id == "b")
        try disk.empty()
        for _ in 0..<100 where !journal.isOpen {
            _ = await journal.recover()
            try await Task.sleep(for: .milliseconds(50))
        }
        try await journal.append(next)
        #expect(try await journal.outboxCounts() == OutboxCounts(waiting: 1, delivered: 1))
        #expect(try await journal.nextDelivery(receiver: "oncall")?.delivery.id == "b")
    }

    @Test func aFolderThatAnotherProcessHasIsRefused() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("state-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try SQLiteJournal(directory: path)
        await #expect(throws: JournalError.inUse(path: path + "/lock")) {
            try await DegradableJournal(directory: path, files: SQLiteJournalFiles(), clock: SystemClock())
        }
        _ = first.identity
    }

    @Test func aFolderThatCannotBeMadeIsNoReasonNotToStart() async throws {
        let journal = try await DegradableJournal(
            directory: "/proc/nothing/here", files: SQLiteJournalFiles(), clock: SystemClock())
        #expect(journal.problem != nil && !journal.isMemoryComplete && journal.firstSequence > 1_000_000_000_000)
        #expect(try await journal.records() == [])
        #expect(await journal.recover() == false)
    }
}

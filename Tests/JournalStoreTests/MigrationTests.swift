import Foundation
import GRDB
import JournalFormat
import Model
import Testing

@testable import JournalStore

/// A state folder that an earlier version left is opened by this one.
@Suite("Journals of earlier versions")
struct MigrationTests {
    /// A folder with the journal of version 1, made of its dump.
    private final class OldFolder {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("old-\(UUID().uuidString)").path
        var file: String { path + "/journal.sqlite" }

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let dump = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("Golden/v1/journal.sql")
            try change(String(contentsOf: dump, encoding: .utf8))
        }

        func change(_ sql: String) throws {
            let database = try DatabaseQueue(path: file)
            try database.inDatabase { try $0.execute(sql: sql) }
            try database.close()
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    @Test func everyEntryAndDeliveryIsRead() async throws {
        let folder = try OldFolder()
        let journal = try SQLiteJournal(directory: folder.path)
        #expect(journal.identity == "0badcafe")
        let entries = try await journal.allEntries()
        #expect(entries.map(\.event) == GoldenSamples.events.map(\.event))
        #expect(entries.map(\.sequence) == (1...UInt64(GoldenSamples.events.count)).map { $0 })
        #expect(try await journal.queues().map(\.waiting) == [2])
        #expect(
            try await journal.nextDelivery(receiver: "oncall")?.delivery.notification
                == GoldenSamples.notifications[0].notification)
    }

    @Test func theFileSaysWhichVersionItHas() async throws {
        let folder = try OldFolder()
        do { _ = try SQLiteJournal(directory: folder.path) }
        let database = try DatabaseQueue(path: folder.file)
        #expect(try await database.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == JournalSchema.version)
    }

    @Test(arguments: [
        "PRAGMA user_version = 99", "INSERT INTO grdb_migrations VALUES ('99: from the future')",
    ])
    func aFileOfANewerVersionIsRefusedAndNotTouched(_ sql: String) throws {
        let folder = try OldFolder()
        do { _ = try SQLiteJournal(directory: folder.path) }
        try folder.change(sql)
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.file))
        #expect {
            try SQLiteJournal(directory: folder.path)
        } throws: {
            let text = "\($0)"
            return text.contains("written by a newer rollguard") && text.contains("restore a backup")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file)) == before)
    }

    /// One entry is skipped and named; the others are there, and a new one gets the next sequence.
    @Test(arguments: [
        "UPDATE entries SET event = '{}' WHERE sequence = 10", "UPDATE entries SET event = x'ff00' WHERE sequence = 10",
        #"UPDATE entries SET event = '{"intended":{"_0":{}},"v":7}' WHERE sequence = 10"#,
        "UPDATE entries SET wall_ms = 'yesterday' WHERE sequence = 10",
    ])
    func anEntryThatCannotBeReadIsSkippedAndNamed(_ sql: String) async throws {
        let folder = try OldFolder()
        try folder.change(sql)
        let journal = try SQLiteJournal(directory: folder.path)
        let entries = try await journal.allEntries()
        #expect(entries.count == GoldenSamples.events.count)
        let same = entries.filter { $0.event == GoldenSamples.events[Int($0.sequence) - 1].event }
        #expect(same.count == entries.count - 1)
        guard case .unreadable(let kind, let reason) = entries[9].event else {
            Issue.record("entry 10 is \(entries[9].event)")
            return
        }
        #expect(kind == "intended" && !reason.isEmpty && entries[9].incident == "checkout-10")
        #expect(try await journal.entries(incident: "checkout-10").first?.sequence == 10)
    }
}

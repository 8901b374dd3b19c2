import Foundation
import GRDB
import Model
import Ports
import Testing

@testable import JournalStore

/// A folder for a state and its backups that goes away with its test.
private final class Place {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("backup-\(UUID().uuidString)").path
    var state: String { path + "/state" }
    var backup: String { path + "/rollguard.sqlite" }

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    /// What a daemon would find after a restore.
    func restored() throws -> SQLiteJournal {
        let folder = path + "/restored"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: backup, toPath: folder + "/journal.sqlite")
        return try SQLiteJournal(directory: folder)
    }

    var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

private func batch(_ sequence: UInt64) -> JournalBatch {
    let entry = JournalEntry(
        sequence: sequence, wallMs: Int64(sequence), release: "checkout", incident: "checkout-1",
        event: .abandoned(reason: "entry \(sequence)"))
    let delivery = Delivery(
        id: "\(sequence)-oncall", receiver: "oncall", notification: GoldenSamples.notifications[1].notification)
    return JournalBatch(entries: [entry], deliveries: [delivery])
}

@Suite("A backup of the journal")
struct BackupTests {
    @Test func holdsWhatWasDurableWhileTheJournalIsWritten() async throws {
        let place = try Place()
        let journal = try SQLiteJournal(directory: place.state)
        for sequence in UInt64(1)...20 { try await journal.append(batch(sequence)) }
        try await journal.markDelivered("1-oncall", atWallMs: 5)
        async let writing: Void = {
            for sequence in UInt64(21)...120 { try await journal.append(batch(sequence)) }
        }()
        let made = try JournalBackup(of: place.state, to: place.backup)
        try await writing
        let restored = try place.restored()
        let entries = try await restored.allEntries()
        #expect(entries.count >= 20 && entries.map(\.sequence) == (1...UInt64(entries.count)).map { $0 })
        #expect(entries == Array(try await journal.allEntries().prefix(entries.count)))
        #expect(made.entries == entries.count && made.lastSequence == UInt64(entries.count))
        #expect(try await restored.outboxCounts() == OutboxCounts(waiting: entries.count - 1, delivered: 1))
        #expect(made.waitingDeliveries == entries.count - 1)
        #expect(place.files == ["restored", "rollguard.sqlite", "state"])
    }

    /// A notification after the restore must not have an id that a receiver has got from the original.
    @Test func hasAnIdentityOfItsOwn() async throws {
        let place = try Place()
        let journal = try SQLiteJournal(directory: place.state)
        _ = try JournalBackup(of: place.state, to: place.backup)
        let restored = try place.restored()
        #expect(restored.identity != journal.identity && restored.identity.count == 8)
    }

    @Test func isForItsOwnerAlone() throws {
        let place = try Place()
        _ = try SQLiteJournal(directory: place.state)
        _ = try JournalBackup(of: place.state, to: place.backup)
        let attributes = try FileManager.default.attributesOfItem(atPath: place.backup)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test(arguments: ["a file", "a link that leads nowhere"])
    func neverOverwrites(_ what: String) throws {
        let place = try Place()
        _ = try SQLiteJournal(directory: place.state)
        if what == "a file" {
            try "precious".write(toFile: place.backup, atomically: true, encoding: .utf8)
        } else {
            try FileManager.default.createSymbolicLink(atPath: place.backup, withDestinationPath: "/nonexistent/x")
        }
        #expect(throws: JournalBackup.Failure.exists(path: place.backup)) {
            try JournalBackup(of: place.state, to: place.backup)
        }
        #expect(place.files == ["rollguard.sqlite", "state"])
        if what == "a file" { #expect(try String(contentsOfFile: place.backup, encoding: .utf8) == "precious") }
    }

    @Test func saysWhatIsMissing() throws {
        let place = try Place()
        #expect {
            try JournalBackup(of: place.state, to: place.backup)
        } throws: {
            "\($0)".contains("there is no journal")
        }
        _ = try SQLiteJournal(directory: place.state)
        #expect {
            try JournalBackup(of: place.state, to: "/proc/nothing/here.sqlite")
        } throws: {
            "\($0)".contains("cannot write the backup /proc/nothing/here.sqlite: No such file or directory")
        }
        #expect(place.files == ["state"])
    }

    @Test(arguments: [
        ("PRAGMA user_version = 99", "written by a newer rollguard"),
        ("DROP TABLE entries", "not a journal of rollguard"),
    ])
    func refusesAFileThatItDoesNotKnow(_ sql: String, _ text: String) throws {
        let place = try Place()
        do { _ = try SQLiteJournal(directory: place.state) }
        let file = try DatabaseQueue(path: place.state + "/journal.sqlite")
        try file.inDatabase { try $0.execute(sql: sql) }
        try file.close()
        #expect { try JournalBackup(of: place.state, to: place.backup) } throws: { "\($0)".contains(text) }
        #expect(place.files == ["state"])
    }

    @Test func aDamagedJournalHasNoBackup() async throws {
        let place = try Place()
        do {
            let journal = try SQLiteJournal(directory: place.state)
            for sequence in UInt64(1)...300 { try await journal.append(batch(sequence)) }
        }
        let file = place.state + "/journal.sqlite"
        let checkpoint = try DatabaseQueue(path: file)
        try checkpoint.inDatabase { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try checkpoint.close()
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
        let size = try handle.seekToEnd()
        for page in stride(from: 8_192, to: size - 4_096, by: 4_096) {
            try handle.seek(toOffset: page)
            try handle.write(contentsOf: Data(repeating: 0xa5, count: 2_000))
        }
        try handle.close()
        #expect {
            try JournalBackup(of: place.state, to: place.backup)
        } throws: {
            guard case .damaged = $0 as? JournalBackup.Failure else { return false }
            return true
        }
        #expect(place.files == ["state"])
    }
}

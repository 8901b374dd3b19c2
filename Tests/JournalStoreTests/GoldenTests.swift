import Foundation
import GRDB
import Model
import Testing

@testable import JournalFormat
@testable import JournalStore

/// Records of every version that was ever released are read for ever. The files of a version are written once, by the
/// program of that version, and never changed.
@Suite("Stored records")
struct GoldenTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden")

    private static func text(_ name: String) throws -> String {
        let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        return text.trimmingCharacters(in: .newlines)
    }

    /// The statistics' own fields are not spelled out in a sample: what is read and written again is the same text.
    private static let evidence = [
        "evidence_release", "evidence_percentile", "evidence_share", "evidence_own_indicators",
    ]

    @Test(arguments: GoldenSamples.all.map(\.name))
    func anEventOfTheFirstVersionIsRead(_ name: String) throws {
        let sample = try #require(GoldenSamples.all.first { $0.name == name })
        #expect(try RecordFormat.event(Self.text("v1/\(name).json"), what: name) == sample.event)
    }

    @Test(arguments: GoldenSamples.notifications.map(\.name))
    func aNotificationOfTheFirstVersionIsRead(_ name: String) throws {
        let sample = try #require(GoldenSamples.notifications.first { $0.name == name })
        #expect(try RecordFormat.notification(Self.text("v1/\(name).json"), what: name) == sample.notification)
    }

    @Test(arguments: evidence)
    func evidenceOfTheFirstVersionIsRead(_ name: String) throws {
        let golden = try Self.text("v1/\(name).json")
        let written = try RecordFormat.encode(RecordFormat.event(golden, what: name))
        #expect(try Self.comparable(Self.tree(written)) == Self.comparable(Self.tree(golden, addingVersion: 1)))
    }

    /// The signals of own indicators, sums of counters and excluded series were added to version 1 after its first evidence
    /// was written: none and an empty list are the same.
    private static func comparable(_ tree: NSDictionary) throws -> String {
        var tree = try #require(tree as? [String: Any])
        var event = try #require(tree["evidence"] as? [String: Any])
        var record = try #require(event["_0"] as? [String: Any])
        var indicators = try #require(record["indicators"] as? [String: Any])
        for name in ["signals", "furtherRequests", "furtherErrors"]
        where (indicators[name] as? [Any])?.isEmpty == true { indicators.removeValue(forKey: name) }
        let excluded = indicators["excluded"] as? [String: Any]
        if (excluded?["matchers"] as? [Any])?.isEmpty == true { indicators.removeValue(forKey: "excluded") }
        record["indicators"] = indicators
        event["_0"] = record
        tree["evidence"] = event
        let text = try JSONSerialization.data(withJSONObject: tree, options: .sortedKeys)
        return String(decoding: text, as: UTF8.self)
    }

    /// What is written today has the names and the shape of the first version, and says so.
    @Test(arguments: GoldenSamples.all.map(\.name) + GoldenSamples.notifications.map(\.name))
    func whatIsWrittenHasTheShapeOfItsVersion(_ name: String) throws {
        let golden = try Self.text("v1/\(name).json")
        let event = GoldenSamples.all.first { $0.name == name }?.event
        let notification = GoldenSamples.notifications.first { $0.name == name }?.notification
        let written = try event.map { try RecordFormat.encode($0) } ?? RecordFormat.encode(#require(notification))
        #expect(try Self.tree(written) == Self.tree(golden, addingVersion: 1))
    }

    @Test(arguments: GoldenSamples.laterFields)
    func fieldsThatWereAddedLaterAreKept(_ json: String, _ event: JournalEvent) throws {
        let text = try RecordFormat.encode(event)
        #expect(text.contains(json))
        #expect(try RecordFormat.event(text, what: "entry 7") == event)
    }

    @Test func everyKindOfEventHasAGoldenFile() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path + "/v1")
        let kinds = try files.filter { $0.hasSuffix(".json") }.flatMap { file in
            try Self.tree(Self.text("v1/\(file)")).allKeys.compactMap { $0 as? String }
        }
        #expect(Set(StoredEvent.Kind.allCases.map(\.rawValue)).subtracting(kinds) == [])
    }

    @Test(arguments: [
        (#"{"acknowledged":{},"v":2}"#, "format version 2, and this program reads up to 1"),
        (#"{"acknowledged":{},"v":0}"#, "format version 0"),
        (#"{"teleported":{},"v":1}"#, "not exactly one kind that is known"),
        (#"{"acknowledged":{},"rearmed":{}}"#, "not exactly one kind that is known"),
        (#"{"ended":{"_0":"exploded"}}"#, #"the unknown value "exploded""#),
        (#"{"abandoned":{}}"#, "the field abandoned.reason is missing"),
        (#"{"strayed":{"canaryRate":"fast"}}"#, "the field strayed.canaryRate"),
        (#"{"intended":{"_0":{}}}"#, "the field intended._0.trigger is missing"),
        (#"{"began":"#, "it is not valid JSON"),
        ("", "it is not valid JSON"),
    ])
    func aRecordThatCannotBeReadSaysWhy(_ text: String, _ reason: String) {
        #expect {
            try RecordFormat.event(text, what: "entry 7")
        } throws: {
            "\($0)".contains("entry 7 cannot be read") && "\($0)".contains(reason)
        }
    }

    /// A share outside of 0...10 000 would end the process where it is used.
    @Test func aShareThatCannotBeIsRefused() throws {
        let text = try Self.text("v1/intended_rule.json").replacing(
            #""canaryBasisPoints":1000"#, with: #""canaryBasisPoints":10001"#)
        #expect { try RecordFormat.event(text, what: "entry 7") } throws: { "\($0)".contains("10001 basis points") }
    }

    private static func tree(_ text: String, addingVersion version: Int? = nil) throws -> NSDictionary {
        let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
        var tree = try #require(value as? [String: Any])
        if let version { tree["v"] = version }
        return tree as NSDictionary
    }
}

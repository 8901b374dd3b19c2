import Foundation
import Testing

/// Every input that fuzzing keeps (`Tests/Fuzzing/Corpora`) and every one that once broke something
/// (`Tests/Fuzzing/Findings`), each again.
@Suite("Inputs of the fuzzers")
struct CorpusTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fuzzing")

    private static func inputs(_ target: String) throws -> [(name: String, bytes: [UInt8])] {
        var found: [(String, [UInt8])] = []
        for kind in ["Corpora", "Findings"] {
            let place = folder.appendingPathComponent(kind).appendingPathComponent(target)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
            for name in names.sorted() {
                found.append(
                    ("\(kind)/\(target)/\(name)", Array(try Data(contentsOf: place.appendingPathComponent(name)))))
            }
        }
        return found
    }

    private static func check(_ target: String, _ broken: ([UInt8]) -> String?) throws {
        let inputs = try inputs(target)
        #expect(inputs.count > 5, "the corpus of \(target) is gone")
        for (name, bytes) in inputs {
            if let text = broken(bytes) { Issue.record("\(name): \(text)") }
        }
    }

    @Test func documentsHoldWhatTheyPromise() throws { try Self.check("exposition", ExpositionProperties.broken) }

    @Test func conditionsHoldWhatTheyPromise() throws { try Self.check("condition", ConditionProperties.broken) }

    @Test func relabellingHoldsWhatItPromises() throws {
        try Self.check("relabelling", RelabellingProperties.broken)
    }

    @Test func configurationsHoldWhatTheyPromise() throws {
        try Self.check("configuration", ConfigurationProperties.broken)
    }

    @Test func requestsHoldWhatTheyPromise() throws {
        let properties = try AdminProperties()
        defer { AdminProperties.tearDown() }
        try Self.check("admin", properties.broken)
    }
}

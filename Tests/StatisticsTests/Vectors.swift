import Foundation
import Testing

@testable import Statistics

/// The golden vectors of the statistics, where they are at hand: increments and the evidence to the written tolerance.
enum Vectors {
    static let folder: String? = {
        let named = ProcessInfo.processInfo.environment["ROLLGUARD_STATISTICS"]
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder =
            named ?? root.deletingLastPathComponent().appendingPathComponent("shared/statistics/vectors").path
        return FileManager.default.fileExists(atPath: folder + "/pair.json") ? folder : nil
    }()

    static func load<Document: Decodable>(_ name: String, as type: Document.Type = Document.self) throws -> Document {
        let path = try #require(folder) + "/\(name).json"
        return try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static var isThere: Bool { folder != nil }
    static let missing: Comment = "set ROLLGUARD_STATISTICS to the folder with the vectors to run it"
}

/// A number, or one of the three that JSON does not have.
struct AnyNumber: Decodable {
    let value: Double

    init(from decoder: any Decoder) throws {
        let single = try decoder.singleValueContainer()
        if let number = try? single.decode(Double.self) {
            value = number
            return
        }
        switch try single.decode(String.self) {
        case "NaN": value = .nan
        case "+Inf": value = .infinity
        case "-Inf": value = -.infinity
        case let other: throw DecodingError.dataCorruptedError(in: single, debugDescription: other)
        }
    }
}

/// The largest deviation of a run, relative above 1 and absolute below.
struct Deviation {
    private(set) var largest = 0.0
    private(set) var compared = 0

    mutating func note(_ found: Double, _ expected: Double) {
        compared += 1
        if found == expected || (found.isNaN && expected.isNaN) { return }
        let deviation = abs(found - expected) / max(1, abs(expected))
        largest = deviation.isNaN ? .infinity : max(largest, deviation)
    }
}

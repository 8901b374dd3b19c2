import Foundation

/// A release as it was: the scrape bodies of one target per pool, scraped every five seconds.
struct Recording {
    static let intervalMs: Int64 = 5_000
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Recordings")

    struct Cycle {
        /// Nil when the target could not be scraped.
        var baseline: [UInt8]?
        var canary: [UInt8]?
    }

    var cycles: [Cycle]

    init(cycles: [Cycle]) { self.cycles = cycles }

    /// Scrape bodies under headings: `=== 12 canary`, or `=== 12 canary down`.
    init(_ name: String) throws {
        let text = try String(contentsOf: Recording.folder.appendingPathComponent("\(name).txt"), encoding: .utf8)
        cycles = []
        for part in text.components(separatedBy: "=== ").dropFirst() {
            let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            let heading = lines[0].split(separator: " ")
            guard let number = Int(heading[0]) else { throw CocoaError(.fileReadCorruptFile) }
            while cycles.count <= number { cycles.append(Cycle()) }
            guard heading.last != "down" else { continue }
            let body = lines.count > 1 ? Array(lines[1].utf8) : []
            if heading[1] == "canary" { cycles[number].canary = body } else { cycles[number].baseline = body }
        }
    }

    func write(_ name: String) throws {
        var text = ""
        for (number, cycle) in cycles.enumerated() {
            for (pool, body) in [("baseline", cycle.baseline), ("canary", cycle.canary)] {
                text +=
                    "=== \(number) \(pool)\(body == nil ? " down" : "")\n" + String(decoding: body ?? [], as: UTF8.self)
            }
        }
        try text.write(
            to: Recording.folder.appendingPathComponent("\(name).txt"), atomically: true, encoding: .utf8)
    }

    /// The same release with the canary's scrape bodies in both pools.
    var withSickBaseline: Recording { Recording(cycles: cycles.map { Cycle(baseline: $0.canary, canary: $0.canary) }) }
}

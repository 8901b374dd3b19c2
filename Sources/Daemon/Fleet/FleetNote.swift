import Foundation
import SystemSupport

/// Which shards this member watched last, on its disk: for a start while the lease store cannot be read.
struct FleetNote: Sendable {
    private struct Stored: Codable {
        var v = 1
        /// Of all shards.
        var count: Int
        var watched: [Int]
    }

    private let path: String

    init(stateDirectory: String) {
        path = (stateDirectory.hasSuffix("/") ? stateDirectory : stateDirectory + "/") + "fleet.json"
    }

    /// Nil without a note of so many shards that can be read.
    func watched(of count: Int) -> Set<Int>? {
        do throws(FileReadError) {
            let bytes = try RegularFile.read(path, limitBytes: 10_000).bytes
            guard let stored = try? JSONDecoder().decode(Stored.self, from: Data(bytes)), stored.v == 1,
                stored.count == count
            else { return nil }
            return Set(stored.watched.filter { (0..<count).contains($0) })
        } catch { return nil }
    }

    /// - Returns: why it could not be written; nil when it is on the disk.
    func save(_ watched: Set<Int>, of count: Int) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let data = try? encoder.encode(Stored(count: count, watched: watched.sorted())) else { return nil }
        return ReplacedFile.write(Array(data), to: path)
    }
}

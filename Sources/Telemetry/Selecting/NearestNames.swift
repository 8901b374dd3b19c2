/// Finds the names that were probably meant.
public enum NearestNames {
    /// At most `limit` of `names` that are most similar to `name`, best first; those that have little in common are
    /// left out. Names that share whole parts (`http_requests` and `http_server_requests_total`) count as near.
    public static func suggestions(for name: String, among names: [String], limit: Int) -> [String] {
        let wanted = Array(name.utf8.prefix(200))
        let parts = Set(name.split(separator: "_"))
        var scored: [(score: Double, name: String)] = []
        for candidate in names where candidate != name {
            let other = Array(candidate.utf8.prefix(200))
            let longest = Double(max(wanted.count, other.count, 1))
            let likeness = 1 - Double(distance(wanted, other)) / longest
            let shared = Double(candidate.split(separator: "_").filter(parts.contains).count)
            let score = max(likeness, shared / Double(max(parts.count, 1)) * 0.9)
            if score >= 0.5 { scored.append((score, candidate)) }
        }
        scored.sort { $0.score != $1.score ? $0.score > $1.score : $0.name < $1.name }
        return scored.prefix(limit).map(\.name)
    }

    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var last = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for (column, other) in right.enumerated() {
                let replaced = last[column] + (byte == other ? 0 : 1)
                current.append(min(replaced, last[column + 1] + 1, current[column] + 1))
            }
            last = current
        }
        return last[right.count]
    }
}

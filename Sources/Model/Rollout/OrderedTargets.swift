import Support

/// The targets that an order names: addresses alone, for a unit each with its part (`api=10.0.0.11:9090`). How they are scraped
/// follows from the release's other targets.
public enum OrderedTargets {
    /// Why the addresses cannot be used; nil when they can.
    public static func problem(_ addresses: [String]) -> String? {
        if addresses.count > PrepareOrder.targetLimit {
            return "at most \(PrepareOrder.targetLimit) targets, and there are \(addresses.count)"
        }
        var known: Set<String> = []
        for entry in addresses {
            let (shown, address) = (entry.prefix(100), split(entry).address)
            guard let authority = Authority(address), let port = authority.port, port > 0 else {
                return "a target is an address such as 10.0.0.11:9090, not \"\(shown)\""
            }
            guard known.insert("\(authority.host):\(port)").inserted else { return "\"\(shown)\" is named twice" }
        }
        return nil
    }

    /// The parts that are named, each once, in their order.
    public static func parts(of entries: [String]) -> [String] {
        var parts: [String] = []
        for part in entries.compactMap({ split($0).part }) where !parts.contains(part) { parts.append(part) }
        return parts
    }

    /// Why the entries cannot be used for a unit; nil when they can.
    ///
    /// - Parameter parts: of the unit.
    public static func problem(_ entries: [String], parts: [String]) -> String? {
        for entry in entries {
            guard let part = split(entry).part else {
                return "\"\(entry.prefix(100))\" says no part: write \(parts[0])=\(entry.prefix(100))"
            }
            guard parts.contains(part) else {
                return "there is no part \"\(part.prefix(63))\"; there is: \(parts.joined(separator: ", "))"
            }
        }
        return nil
    }

    /// The addresses of one part of a unit.
    public static func addresses(of part: String, in entries: [String]) -> [String] {
        entries.map(split).filter { $0.part == part }.map(\.address)
    }

    /// `api=10.0.0.11:9090`
    private static func split(_ entry: String) -> (part: String?, address: String) {
        let halves = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return halves.count == 2 ? (String(halves[0]), String(halves[1])) : (nil, entry)
    }

    /// - Parameter other: a target of the release, whose scheme and path the new ones have.
    public static func plans(_ addresses: [String], like other: TargetPlan) -> [TargetPlan] {
        let parts = other.url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return [] }
        let path = parts.count > 3 ? "/\(parts[3])" : ""
        return addresses.map { TargetPlan(instance: $0, url: "\(parts[0])//\($0)\(path)") }
    }
}

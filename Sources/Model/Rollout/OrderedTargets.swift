import Support

/// The targets that an order names: addresses alone. How they are scraped follows from the release's other targets.
public enum OrderedTargets {
    /// Why the addresses cannot be used; nil when they can.
    public static func problem(_ addresses: [String]) -> String? {
        if addresses.count > PrepareOrder.targetLimit {
            return "at most \(PrepareOrder.targetLimit) targets, and there are \(addresses.count)"
        }
        var known: Set<String> = []
        for address in addresses {
            let shown = address.prefix(100)
            guard let authority = Authority(address), let port = authority.port, port > 0 else {
                return "a target is an address such as 10.0.0.11:9090, not \"\(shown)\""
            }
            guard known.insert("\(authority.host):\(port)").inserted else { return "\"\(shown)\" is named twice" }
        }
        return nil
    }

    /// - Parameter other: a target of the release, whose scheme and path the new ones have.
    public static func plans(_ addresses: [String], like other: TargetPlan) -> [TargetPlan] {
        let parts = other.url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return [] }
        let path = parts.count > 3 ? "/\(parts[3])" : ""
        return addresses.map { TargetPlan(instance: $0, url: "\(parts[0])//\($0)\(path)") }
    }
}

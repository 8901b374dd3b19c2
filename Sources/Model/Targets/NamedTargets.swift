/// Targets that a configuration lists by a name: where the name has several addresses, each address is a target of its own.
extension TargetPlan {
    /// The host of the URL, in lower case, where it is a name that may have several addresses. Nil for a numeric address, for
    /// this machine, and for a target that is reached through a unix socket.
    public var hostName: String? {
        guard unixSocket == nil else { return nil }
        let host = identity.host
        let isNumeric = host.contains(":") || host.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
        return isNumeric || host == "localhost" || host.hasSuffix(".localhost") ? nil : host
    }

    /// This listed target at one of the addresses of its host, with a name of its own.
    public func at(_ address: String) -> TargetPlan {
        var target = self
        (target.instance, target.address) = ("\(instance)@\(address)", address)
        return target
    }

    /// As the configuration lists it, without an address.
    public var listed: TargetPlan {
        guard let address else { return self }
        var target = self
        (target.instance, target.address) = (String(instance.dropLast(address.count + 1)), nil)
        return target
    }

    /// Targets as they are listed, with those of their addresses that others have.
    static func resolved(_ listed: [TargetPlan], by others: [TargetPlan]) -> [TargetPlan] {
        guard (listed + others).contains(where: { $0.address != nil }) else { return listed }
        let known = Dictionary(grouping: others, by: \.listed)
        var seen: Set<TargetPlan> = []
        return listed.map(\.listed).filter { seen.insert($0).inserted }.flatMap { known[$0] ?? [$0] }
    }
}

extension ReleasePlan {
    /// The names of hosts in the listed targets of the pools that are scraped, sorted, each once.
    public var hostNames: [String] {
        let scraped = Pool.allCases.filter { pool($0).server == nil }.flatMap { pool($0).targets }
        return Set(scraped.compactMap(\.hostName)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

/// A network in CIDR form; a single address is a network of its own.
struct Network: Sendable, Hashable {
    let family: NetworkAddress.Family
    let length: Int
    let prefix: UInt128

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = NetworkAddress(String(first)) else { return nil }
        // `::ffff:10.0.0.0/104` would silently become an impossible IPv4 network.
        if parts.count == 2, address.family == .v4, first.contains(":") { return nil }
        var length = address.bits
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let given = Int(parts[1]), given <= address.bits
            else { return nil }
            length = given
        }
        family = address.family
        self.length = length
        prefix = address.prefix(length)
    }
}

/// A set of networks. One lookup per distinct prefix length (at most 33 + 129), however many networks there are.
struct NetworkTable: Sendable {
    private var fours: [Int: Set<UInt128>] = [:]
    private var sixes: [Int: Set<UInt128>] = [:]

    init(_ networks: [Network]) {
        for network in networks {
            switch network.family {
            case .v4: fours[network.length, default: []].insert(network.prefix)
            case .v6: sixes[network.length, default: []].insert(network.prefix)
            }
        }
    }

    var isEmpty: Bool { fours.isEmpty && sixes.isEmpty }

    func contains(_ address: NetworkAddress) -> Bool {
        let lengths = address.family == .v4 ? fours : sixes
        return lengths.contains { length, prefixes in prefixes.contains(address.prefix(length)) }
    }
}

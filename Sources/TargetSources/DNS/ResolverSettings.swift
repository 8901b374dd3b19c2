/// Which servers are asked, and which names: `resolv.conf(5)`.
struct ResolverSettings: Sendable, Equatable {
    /// As the system's resolver has it.
    static let serverLimit = 3

    var servers: [NameServer] = []
    var search: [String] = []
    /// A name with so many dots is tried as it is first.
    var leastDots = 1

    struct NameServer: Sendable, Equatable {
        /// A numeric address.
        var address: String
        var port: UInt16 = 53
    }

    init() {}

    /// Lines that are not known are left out, as the system's resolver does.
    init(resolvConf text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let fields = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            switch fields.first {
            case "nameserver":
                if fields.count > 1, servers.count < ResolverSettings.serverLimit {
                    servers.append(NameServer(address: fields[1]))
                }
            case "search", "domain": search = Array(fields.dropFirst().prefix(while: { !$0.hasPrefix("#") }))
            case "options":
                for option in fields.dropFirst() where option.hasPrefix("ndots:") {
                    leastDots = min(15, max(0, Int(option.dropFirst("ndots:".count)) ?? leastDots))
                }
            default: break
            }
        }
        if servers.isEmpty { servers = [NameServer(address: "127.0.0.1")] }
    }

    /// The complete names to try for a name, in their order.
    func candidates(_ name: String) -> [String] {
        if name.hasSuffix(".") { return [name] }
        let expanded = search.map { $0 == "." ? name + "." : "\(name).\($0)" + ($0.hasSuffix(".") ? "" : ".") }
        let dots = name.utf8.count { $0 == UInt8(ascii: ".") }
        return dots >= leastDots ? [name + "."] + expanded : expanded + [name + "."]
    }
}

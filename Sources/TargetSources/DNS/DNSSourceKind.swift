import Declarations
import Model
import Ports

/// Names whose records are targets.
struct DNSSourcePlan: SourceSettings {
    static let kind = "dns"

    enum RecordKind: String, Sendable, CaseIterable {
        case srv = "SRV"
        case a = "A"
        case aaaa = "AAAA"
    }

    var names: [String] = []
    var type = RecordKind.srv
    /// Nil for SRV records, which have one.
    var port: Int?
    /// `ADDRESS:PORT`; nil for those of `/etc/resolv.conf`.
    var server: String?
    var refreshMs: Int64 = 30_000
}

enum DNSSourceKind: RunningSourceKind {
    typealias Plan = DNSSourcePlan

    static func section(_ folder: ConfigurationFolder) -> Section<DNSSourcePlan> {
        Section(
            owner: "a dns source", blank: DNSSourcePlan(),
            settings: [
                .required("names", \.names, names, "names to look up, by the search list of `/etc/resolv.conf`"),
                .value(
                    "type", \.type, .choice(DNSSourcePlan.RecordKind.self),
                    "the records that are targets. Targets of SRV records are names, which each scrape looks up"),
                .optional("port", \.port, .integer(1...65_535), "of the targets; needed for A and AAAA"),
                .optional(
                    "server", \.server, server, shownDefault: "those of `/etc/resolv.conf`",
                    "the name server, as `10.0.0.53` or `127.0.0.1:8600`"),
                .value("refresh", \.refreshMs, .duration(1_000...86_400_000), "how often the names are looked up"),
            ],
            finish: { plan, fields in
                switch (plan.type, plan.port) {
                case (.srv, .some): fields["port"]?.fail("SRV records have ports of their own; remove 'port'")
                case (.a, nil), (.aaaa, nil): fields.fail("a dns source of \(plan.type.rawValue) records needs 'port'")
                default: return true
                }
                return false
            })
    }

    private static var names: ValueForm<[String]> {
        ValueForm<[String]>.lines(of: "names").checked { names, field in
            for name in names where DNSMessage.question(name, .a, id: 0) == nil {
                field.fail("\(Quote.value(name)) is not a valid host name")
                return nil
            }
            return names
        }
    }

    private static var server: ValueForm<String> {
        ValueForm<String>.line().checked { text, field in
            if nameServer(text) != nil { return text }
            field.fail("\(field.label) must be a numeric address, such as 10.0.0.53 or [2001:db8::53]:5353")
            return nil
        }
    }

    /// Nil when it is no numeric address.
    static func nameServer(_ text: String) -> ResolverSettings.NameServer? {
        // An IPv6 address without a port may be written without brackets.
        let isBareIPv6 = !text.hasPrefix("[") && text.utf8.count { $0 == UInt8(ascii: ":") } > 1
        guard let address = try? HostPort(isBareIPv6 ? "[\(text)]" : text) else { return nil }
        guard address.host.contains(":") || address.host.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }) else {
            return nil
        }
        return ResolverSettings.NameServer(address: address.host, port: UInt16(address.port ?? 53))
    }

    static func source(_ plan: DNSSourcePlan, _ setup: SourceSetup) -> any TargetSource {
        DNSSource(plan: plan, clock: setup.clock)
    }
}

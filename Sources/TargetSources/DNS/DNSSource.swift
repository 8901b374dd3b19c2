import Discovery
import Ports
import SourceCalls

/// Asks for names regularly. All of them are answered, or the answer is `failed`. A name that does not exist has no
/// targets.
struct DNSSource: TargetSource {
    private let plan: DNSSourcePlan
    private let lookup: NameLookup
    private let clock: any DaemonClock

    init(plan: DNSSourcePlan, clock: any DaemonClock) {
        self.plan = plan
        self.clock = clock
        lookup = NameLookup(server: plan.server.flatMap(DNSSourceKind.nameServer))
    }

    var name: String { "dns \(plan.type.rawValue) " + plan.names.joined(separator: ", ") }
    var refreshMs: Int64 { plan.refreshMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        await RefreshLoop(refreshMs: plan.refreshMs, clock: clock).run(report) { () throws(SourceError) in
            var groups: [TargetGroup] = []
            for name in plan.names {
                let records = try await lookup.records(name, recordType)
                groups.append(DNSTargets.group(records, of: name, port: plan.port ?? 0))
            }
            return groups
        }
    }

    private var recordType: DNSMessage.RecordType {
        switch plan.type {
        case .srv: .srv
        case .a: .a
        case .aaaa: .aaaa
        }
    }
}

/// Records as targets, with the labels of Prometheus' `dns_sd_config`.
enum DNSTargets {
    /// Each record once, in a fixed order: servers rotate their answers.
    static func group(_ records: [DNSMessage.Record], of name: String, port: Int) -> TargetGroup {
        let targets = Set(records).compactMap { target($0, port) }.sorted {
            "\($0.labels)".utf8.lexicographicallyPrecedes("\($1.labels)".utf8)
        }
        return TargetGroup(source: "name \(name)", labels: ["__meta_dns_name": name], targets: targets)
    }

    private static func target(_ record: DNSMessage.Record, _ port: Int) -> DiscoveredTarget? {
        switch record {
        case .address(let address):
            return DiscoveredTarget(address: MetaLabels.hostPort(address, port))
        case .service(let target, let port):
            // "Not offered here" (RFC 2782).
            guard target != "." else { return nil }
            var labels = MetaLabels(address: MetaLabels.hostPort(String(target.dropLast()), Int(port)))
            labels["__meta_dns_srv_record_target"] = target
            labels["__meta_dns_srv_record_port"] = String(port)
            return DiscoveredTarget(labels: labels.set)
        }
    }
}

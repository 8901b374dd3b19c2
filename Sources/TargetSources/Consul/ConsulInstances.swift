import Discovery
import SourceCalls

/// The answer of `/v1/health/service/NAME`, with the labels of Prometheus' `consul_sd_config`.
enum ConsulInstances {
    static func group(_ body: [UInt8], service: String) throws(SourceError) -> TargetGroup {
        let instances = try AnswerJSON.decode([Instance]?.self, body, of: "the instances of \(service)") ?? []
        return TargetGroup(
            source: "service \(service)", labels: ["__meta_consul_service": service], targets: instances.map(target))
    }

    private static func target(_ instance: Instance) -> DiscoveredTarget {
        let (node, service) = (instance.node, instance.service)
        let host = service.address.flatMap { $0.isEmpty ? nil : $0 } ?? node.address
        var labels = MetaLabels(address: MetaLabels.hostPort(host, service.port))
        let prefix = "__meta_consul_"
        labels[prefix + "address"] = node.address
        labels[prefix + "dc"] = node.datacenter
        labels[prefix + "node"] = node.name
        labels[prefix + "namespace"] = service.namespace
        labels[prefix + "partition"] = service.partition
        labels[prefix + "tags"] = MetaLabels.list(service.tags)
        labels[prefix + "service_address"] = service.address
        labels[prefix + "service_port"] = String(service.port)
        labels[prefix + "service_id"] = service.id
        labels[prefix + "health"] = health(instance.checks ?? [])
        labels.add(node.meta, prefix: prefix + "metadata_")
        labels.add(service.meta, prefix: prefix + "service_metadata_")
        labels.add(node.taggedAddresses, prefix: prefix + "tagged_address_")
        // A service id is unique on its node.
        return DiscoveredTarget(labels: labels.set, uniqueID: "\(node.name)/\(service.id)")
    }

    /// The worst of the checks; a node or a service in maintenance is that before anything else.
    static func health(_ checks: [Check]) -> String {
        if checks.contains(where: { $0.id == "_node_maintenance" || $0.id.hasPrefix("_service_maintenance:") }) {
            return "maintenance"
        }
        for status in ["critical", "warning"] where checks.contains(where: { $0.status == status }) { return status }
        return "passing"
    }

    struct Instance: Decodable {
        let node: Node
        let service: Service
        let checks: [Check]?

        enum CodingKeys: String, CodingKey {
            case node = "Node"
            case service = "Service"
            case checks = "Checks"
        }
    }

    struct Node: Decodable {
        let name: String
        let address: String
        let datacenter: String?
        let meta: [String: String]?
        let taggedAddresses: [String: String]?

        enum CodingKeys: String, CodingKey {
            case name = "Node"
            case address = "Address"
            case datacenter = "Datacenter"
            case meta = "Meta"
            case taggedAddresses = "TaggedAddresses"
        }
    }

    struct Service: Decodable {
        let id: String
        let tags: [String]?
        let address: String?
        let port: Int
        let meta: [String: String]?
        let namespace: String?
        let partition: String?

        enum CodingKeys: String, CodingKey {
            case id = "ID"
            case tags = "Tags"
            case address = "Address"
            case port = "Port"
            case meta = "Meta"
            case namespace = "Namespace"
            case partition = "Partition"
        }
    }

    struct Check: Decodable {
        let id: String
        let status: String

        enum CodingKeys: String, CodingKey {
            case id = "CheckID"
            case status = "Status"
        }
    }
}

import Discovery
import SourceCalls

/// The answer of `/v1/service/NAME`, with the labels of Prometheus' `nomad_sd_config`.
enum NomadInstances {
    static func targets(_ body: [UInt8], service: String) throws(SourceError) -> [DiscoveredTarget] {
        let instances = try AnswerJSON.decode([Instance]?.self, body, of: "the instances of \(service)") ?? []
        return instances.map { instance in
            var labels = MetaLabels(address: MetaLabels.hostPort(instance.address, instance.port))
            let prefix = "__meta_nomad_"
            labels[prefix + "address"] = instance.address
            labels[prefix + "dc"] = instance.datacenter
            labels[prefix + "node_id"] = instance.nodeID
            labels[prefix + "namespace"] = instance.namespace
            labels[prefix + "service"] = instance.service
            labels[prefix + "service_address"] = instance.address
            labels[prefix + "service_port"] = String(instance.port)
            labels[prefix + "service_id"] = instance.id
            if let tags = instance.tags, !tags.isEmpty { labels[prefix + "tags"] = MetaLabels.list(tags) }
            return DiscoveredTarget(labels: labels.set, uniqueID: instance.id)
        }
    }

    private struct Instance: Decodable {
        let id: String
        let service: String
        let address: String
        let port: Int
        let namespace: String?
        let datacenter: String?
        let nodeID: String?
        let tags: [String]?

        enum CodingKeys: String, CodingKey {
            case id = "ID"
            case service = "ServiceName"
            case address = "Address"
            case port = "Port"
            case namespace = "Namespace"
            case datacenter = "Datacenter"
            case nodeID = "NodeID"
            case tags = "Tags"
        }
    }
}

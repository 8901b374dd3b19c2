import Discovery
import SourceCalls

/// The answers of `/containers/json` and `/networks`, with the labels of Prometheus' `docker_sd_config`: one target per
/// network address and TCP port.
enum DockerContainers {
    static func group(_ containers: [UInt8], networks: [UInt8], plan: DockerSourcePlan) throws(SourceError)
        -> TargetGroup
    {
        let containers = try AnswerJSON.decode([Container]?.self, containers, of: "/containers/json") ?? []
        let networks = try AnswerJSON.decode([Network]?.self, networks, of: "/networks") ?? []
        var list = DockerTargets(plan: plan)
        for network in networks { list.networks[network.id] = network.labelSet }
        for container in containers { list.containers[container.id] = container }
        for container in containers { list.add(container) }
        return TargetGroup(source: "containers", targets: list.targets)
    }

    struct Container: Decodable {
        let id: String
        let names: [String]?
        let image: String?
        let imageID: String?
        let labels: [String: String]?
        let ports: [Port]?
        let hostConfig: HostConfig?
        let networkSettings: NetworkSettings?

        enum CodingKeys: String, CodingKey {
            case id = "Id"
            case names = "Names"
            case image = "Image"
            case imageID = "ImageID"
            case labels = "Labels"
            case ports = "Ports"
            case hostConfig = "HostConfig"
            case networkSettings = "NetworkSettings"
        }

        var networkMode: String { hostConfig?.networkMode ?? "" }
        /// By name, without those that are null.
        var networks: [String: Endpoint] { (networkSettings?.networks ?? [:]).compactMapValues { $0 } }
    }

    struct Port: Decodable {
        let address: String?
        let inside: Int
        let outside: Int?
        let kind: String

        enum CodingKeys: String, CodingKey {
            case address = "IP"
            case inside = "PrivatePort"
            case outside = "PublicPort"
            case kind = "Type"
        }
    }

    struct HostConfig: Decodable {
        let networkMode: String?

        enum CodingKeys: String, CodingKey { case networkMode = "NetworkMode" }
    }

    struct NetworkSettings: Decodable {
        let networks: [String: Endpoint?]?

        enum CodingKeys: String, CodingKey { case networks = "Networks" }
    }

    struct Endpoint: Decodable {
        let address: String?
        let networkID: String?

        enum CodingKeys: String, CodingKey {
            case address = "IPAddress"
            case networkID = "NetworkID"
        }
    }

    struct Network: Decodable {
        let id: String
        let name: String?
        let scope: String?
        let isInternal: Bool?
        let isIngress: Bool?
        let labels: [String: String]?

        enum CodingKeys: String, CodingKey {
            case id = "Id"
            case name = "Name"
            case scope = "Scope"
            case isInternal = "Internal"
            case isIngress = "Ingress"
            case labels = "Labels"
        }

        var labelSet: LabelSet {
            var meta = MetaLabels()
            let prefix = "__meta_docker_network_"
            meta[prefix + "id"] = id
            meta[prefix + "name"] = name
            meta[prefix + "scope"] = scope
            meta[prefix + "internal"] = String(isInternal ?? false)
            meta[prefix + "ingress"] = String(isIngress ?? false)
            meta.add(labels, prefix: prefix + "label_")
            return meta.set
        }
    }
}

/// The targets of one answer.
private struct DockerTargets {
    let plan: DockerSourcePlan
    var networks: [String: LabelSet] = [:]
    var containers: [String: DockerContainers.Container] = [:]
    private(set) var targets: [DiscoveredTarget] = []

    init(plan: DockerSourcePlan) { self.plan = plan }

    mutating func add(_ container: DockerContainers.Container) {
        guard let name = container.names?.first else { return }
        var common = MetaLabels()
        let prefix = "__meta_docker_container_"
        common[prefix + "id"] = container.id
        common[prefix + "name"] = name
        common[prefix + "image"] = container.image
        common[prefix + "image_id"] = container.imageID
        common[prefix + "network_mode"] = container.networkMode
        common.add(container.labels, prefix: prefix + "label_")
        var endpoints = endpoints(of: container).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        if plan.isFirstNetworkOnly { endpoints = Array(endpoints.prefix(1)) }
        for (_, endpoint) in endpoints { add(container, common.set, endpoint) }
    }

    /// Of a container that is in another container's network, those of the other one.
    private func endpoints(of container: DockerContainers.Container) -> [String: DockerContainers.Endpoint] {
        let prefix = "container:"
        var container = container
        for _ in 0..<containers.count {
            guard container.networks.isEmpty, container.networkMode.hasPrefix(prefix),
                let other = containers[String(container.networkMode.dropFirst(prefix.count))]
            else { break }
            container = other
        }
        return container.networks
    }

    private mutating func add(
        _ container: DockerContainers.Container, _ common: LabelSet, _ endpoint: DockerContainers.Endpoint
    ) {
        let network = networks[endpoint.networkID ?? ""] ?? LabelSet()
        let host = endpoint.address ?? ""
        let ports = (container.ports ?? []).filter { $0.kind == "tcp" }
        for port in ports {
            var labels = MetaLabels(address: MetaLabels.hostPort(host, port.inside))
            labels["__meta_docker_network_ip"] = host
            labels["__meta_docker_port_private"] = String(port.inside)
            if let outside = port.outside, outside > 0 {
                labels["__meta_docker_port_public"] = String(outside)
                labels["__meta_docker_port_public_ip"] = port.address
            }
            append(container, network.over(common).over(labels.set))
        }
        guard ports.isEmpty else { return }
        // In the host's network a container has no ports, and is found here.
        let address =
            container.networkMode == "host" ? plan.hostNetworkingHost : MetaLabels.hostPort(host, plan.port)
        var labels = MetaLabels(address: address)
        labels["__meta_docker_network_ip"] = host
        append(container, network.over(common).over(labels.set))
    }

    private mutating func append(_ container: DockerContainers.Container, _ labels: LabelSet) {
        targets.append(DiscoveredTarget(labels: labels, uniqueID: container.id))
    }
}

import Discovery

/// The targets of an endpoint slice, with the labels of Prometheus' role `endpointslice`, those of the pods behind it
/// included.
enum SliceTargets {
    private static let prefix = PodTargets.prefix + "endpointslice_"

    /// - Parameter pods: by namespace and name.
    static func group(_ slice: SliceObject, pods: [String: PodObject]) -> TargetGroup {
        var labels = MetaLabels()
        labels[PodTargets.prefix + "namespace"] = slice.metadata.namespace
        labels[prefix + "address_type"] = slice.addressType
        labels.add(slice.metadata, "endpointslice")
        var targets: [DiscoveredTarget] = []
        /// The pods in their order, with the ports that the slice names.
        var seen: [(pod: PodObject, ports: Set<Int>)] = []
        for endpoint in slice.endpoints ?? [] {
            let pod = pod(of: endpoint, slice, pods)
            // The address of a pod that has ended may belong to another one.
            if let pod, PodTargets.hasEnded(pod) { continue }
            for port in slice.ports ?? [] {
                for address in endpoint.addresses ?? [] { targets.append(target(address, endpoint, port, pod)) }
            }
            if let pod, !seen.contains(where: { $0.pod.metadata.key == pod.metadata.key }) {
                seen.append((pod, Set((slice.ports ?? []).compactMap(\.port))))
            }
        }
        for (pod, ports) in seen { targets += furtherTargets(pod, without: ports) }
        return TargetGroup(source: "endpointslice \(slice.metadata.key)", labels: labels.set, targets: targets)
    }

    private static func pod(
        of endpoint: SliceObject.Endpoint, _ slice: SliceObject, _ pods: [String: PodObject]
    ) -> PodObject? {
        guard endpoint.targetRef?.kind == "Pod", let name = endpoint.targetRef?.name else { return nil }
        return pods["\(endpoint.targetRef?.namespace ?? slice.metadata.namespace ?? "")/\(name)"]
    }

    private static func target(
        _ address: String, _ endpoint: SliceObject.Endpoint, _ port: SliceObject.Port, _ pod: PodObject?
    ) -> DiscoveredTarget {
        var labels = MetaLabels(address: port.port.map { MetaLabels.hostPort(address, $0) } ?? address)
        labels[prefix + "port_name"] = port.name
        labels[prefix + "port_protocol"] = port.protocol
        labels[prefix + "port"] = port.port.map { String($0) }
        labels[prefix + "port_app_protocol"] = port.appProtocol
        labels[prefix + "endpoint_conditions_ready"] = endpoint.conditions?.ready.map { String($0) }
        labels[prefix + "endpoint_conditions_serving"] = endpoint.conditions?.serving.map { String($0) }
        labels[prefix + "endpoint_conditions_terminating"] = endpoint.conditions?.terminating.map { String($0) }
        labels[prefix + "endpoint_hostname"] = endpoint.hostname
        labels[prefix + "address_target_kind"] = endpoint.targetRef?.kind
        labels[prefix + "address_target_name"] = endpoint.targetRef?.name
        labels[prefix + "endpoint_node_name"] = endpoint.nodeName
        labels[prefix + "endpoint_zone"] = endpoint.zone
        guard let pod else { return DiscoveredTarget(labels: labels.set) }
        let container = container(of: pod, port.port)
        if let (container, port) = container { labels.add(container, port) }
        return DiscoveredTarget(
            labels: labels.set.over(PodTargets.labels(pod)),
            uniqueID: PodTargets.uniqueID(pod, container?.0.name ?? ""))
    }

    private static func container(of pod: PodObject, _ port: Int?) -> (PodObject.Container, PodObject.Port)? {
        for container in pod.spec?.containers ?? [] {
            for candidate in container.ports ?? [] where candidate.containerPort == port {
                return (container, candidate)
            }
        }
        return nil
    }

    /// Ports of the pod's containers that the slice does not name.
    private static func furtherTargets(_ pod: PodObject, without ports: Set<Int>) -> [DiscoveredTarget] {
        guard let address = pod.status?.podIP, !address.isEmpty else { return [] }
        return (pod.spec?.containers ?? []).flatMap { container in
            (container.ports ?? []).filter { !ports.contains($0.containerPort) }.map { port in
                var labels = MetaLabels(address: MetaLabels.hostPort(address, port.containerPort))
                labels.add(container, port)
                return DiscoveredTarget(
                    labels: labels.set.over(PodTargets.labels(pod)),
                    uniqueID: PodTargets.uniqueID(pod, container.name))
            }
        }
    }
}

extension MetaLabels {
    fileprivate mutating func add(_ container: PodObject.Container, _ port: PodObject.Port) {
        let prefix = PodTargets.prefix + "pod_container_"
        self[prefix + "name"] = container.name
        self[prefix + "image"] = container.image
        self[prefix + "port_name"] = port.name
        self[prefix + "port_number"] = String(port.containerPort)
        self[prefix + "port_protocol"] = port.protocol ?? "TCP"
    }
}

import Discovery

/// A pod's targets, with the labels of Prometheus' role `pod`.
enum PodTargets {
    static let prefix = "__meta_kubernetes_"

    /// One target per container port, and one per container without ports. Nil for a pod that has no address, and for
    /// one that has ended: its address may belong to another pod already.
    static func group(_ pod: PodObject) -> TargetGroup? {
        guard let address = pod.status?.podIP, !address.isEmpty, !hasEnded(pod) else { return nil }
        var targets: [DiscoveredTarget] = []
        for container in pod.spec?.containers ?? [] { targets += self.targets(container, false, pod, address) }
        for container in pod.spec?.initContainers ?? [] { targets += self.targets(container, true, pod, address) }
        return TargetGroup(source: "pod \(pod.metadata.key)", labels: labels(pod), targets: targets)
    }

    static func hasEnded(_ pod: PodObject) -> Bool { ["Succeeded", "Failed"].contains(pod.status?.phase) }

    private static func targets(
        _ container: PodObject.Container, _ isInit: Bool, _ pod: PodObject, _ address: String
    ) -> [DiscoveredTarget] {
        let statuses = isInit ? pod.status?.initContainerStatuses : pod.status?.containerStatuses
        func target(_ port: PodObject.Port?) -> DiscoveredTarget {
            var labels = MetaLabels(
                address: port.map { MetaLabels.hostPort(address, $0.containerPort) } ?? address)
            labels[prefix + "pod_container_name"] = container.name
            labels[prefix + "pod_container_id"] = statuses?.first { $0.name == container.name }?.containerID
            labels[prefix + "pod_container_image"] = container.image
            labels[prefix + "pod_container_init"] = String(isInit)
            if let port {
                labels[prefix + "pod_container_port_name"] = port.name
                labels[prefix + "pod_container_port_number"] = String(port.containerPort)
                labels[prefix + "pod_container_port_protocol"] = port.protocol ?? "TCP"
            }
            return DiscoveredTarget(labels: labels.set, uniqueID: uniqueID(pod, container.name))
        }
        let ports = container.ports ?? []
        return ports.isEmpty ? [target(nil)] : ports.map(target)
    }

    /// A pod that is replaced under the same name and address has another uid.
    static func uniqueID(_ pod: PodObject, _ container: String) -> String? {
        pod.metadata.uid.map { "\($0)/\(container)" }
    }

    static func labels(_ pod: PodObject) -> LabelSet {
        var labels = MetaLabels()
        labels[prefix + "namespace"] = pod.metadata.namespace
        labels.add(pod.metadata, "pod")
        labels[prefix + "pod_ip"] = pod.status?.podIP
        labels[prefix + "pod_ready"] =
            (pod.status?.conditions?.first { $0.type == "Ready" }?.status ?? "Unknown").lowercased()
        labels[prefix + "pod_phase"] = pod.status?.phase
        labels[prefix + "pod_node_name"] = pod.spec?.nodeName
        labels[prefix + "pod_host_ip"] = pod.status?.hostIP
        labels[prefix + "pod_uid"] = pod.metadata.uid
        let controller = pod.metadata.ownerReferences?.first { $0.controller == true }
        labels[prefix + "pod_controller_kind"] = controller?.kind
        labels[prefix + "pod_controller_name"] = controller?.name
        return labels.set
    }
}

extension MetaLabels {
    /// Name, labels and annotations of an object.
    mutating func add(_ metadata: ObjectMetadata, _ kind: String) {
        let prefix = PodTargets.prefix + kind
        self[prefix + "_name"] = metadata.name
        add(metadata.labels, prefix: prefix + "_label_", present: prefix + "_labelpresent_")
        add(metadata.annotations, prefix: prefix + "_annotation_", present: prefix + "_annotationpresent_")
    }
}

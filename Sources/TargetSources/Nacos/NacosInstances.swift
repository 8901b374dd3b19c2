import Discovery
import SourceCalls

/// The answer of `/v1/ns/instance/list`. Labels: `__meta_nacos_…`; Prometheus has no kind of its own for Nacos.
enum NacosInstances {
    static func group(_ body: [UInt8], plan: NacosSourcePlan) throws(SourceError) -> TargetGroup {
        let answer = try AnswerJSON.decode(Answer.self, body, of: "the instances of \(plan.service)")
        // Below a threshold the server returns all instances as healthy, so that the health of each is unknown.
        let isProtected = answer.reachProtectionThreshold ?? false
        if plan.isHealthyOnly, isProtected {
            throw SourceError(
                "so few instances of \(plan.service) are healthy that the server's protection returns all of them")
        }
        var labels = MetaLabels()
        labels["__meta_nacos_service"] = plan.service
        labels["__meta_nacos_group"] = plan.group
        labels["__meta_nacos_namespace"] = plan.namespace
        labels["__meta_nacos_protected"] = isProtected ? "true" : "false"
        // An instance that is not enabled gets no traffic and may be gone; the server lists it all the same.
        let instances = (answer.hosts ?? []).filter { $0.enabled ?? true }
        return TargetGroup(
            source: "service \(plan.group)/\(plan.service)", labels: labels.set, targets: instances.map(target))
    }

    private static func target(_ instance: Instance) -> DiscoveredTarget {
        var labels = MetaLabels(address: MetaLabels.hostPort(instance.ip, instance.port))
        let prefix = "__meta_nacos_"
        labels[prefix + "instance_id"] = instance.instanceId
        labels[prefix + "ip"] = instance.ip
        labels[prefix + "port"] = String(instance.port)
        labels[prefix + "cluster"] = instance.clusterName
        labels[prefix + "weight"] = instance.weight?.text
        labels[prefix + "healthy"] = instance.healthy.map { String($0) }
        labels[prefix + "ephemeral"] = instance.ephemeral.map { String($0) }
        labels.add(instance.metadata?.mapValues(\.text), prefix: prefix + "metadata_")
        return DiscoveredTarget(labels: labels.set, uniqueID: instance.instanceId)
    }

    private struct Answer: Decodable {
        let hosts: [Instance]?
        let reachProtectionThreshold: Bool?
    }

    private struct Instance: Decodable {
        let instanceId: String?
        let ip: String
        let port: Int
        let clusterName: String?
        let weight: AnyText?
        let healthy: Bool?
        let enabled: Bool?
        let ephemeral: Bool?
        let metadata: [String: AnyText]?
    }
}

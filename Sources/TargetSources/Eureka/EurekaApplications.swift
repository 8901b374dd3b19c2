import Discovery
import SourceCalls

/// The answer of `/apps` in JSON, with the labels of Prometheus' `eureka_sd_config`.
///
/// Servers write a list of one element as the element alone, numbers and booleans as texts, and attributes of XML as
/// members that begin with `@`.
enum EurekaApplications {
    static func groups(_ body: [UInt8], plan: EurekaSourcePlan) throws(SourceError) -> [TargetGroup] {
        let answer = try AnswerJSON.decode(Answer.self, body, of: "/apps")
        return (answer.applications.application?.all ?? []).compactMap { application in
            if let wanted = plan.application, wanted.lowercased() != application.name.lowercased() { return nil }
            let instances = (application.instance?.all ?? []).filter { !plan.isUpOnly || $0.status == "UP" }
            return TargetGroup(
                source: "application \(application.name)", labels: ["__meta_eureka_app_name": application.name],
                targets: instances.map(target))
        }
    }

    private static func target(_ instance: Instance) -> DiscoveredTarget {
        var labels = MetaLabels(address: MetaLabels.hostPort(instance.hostName, instance.port?.number ?? 80))
        let id = instance.instanceId ?? instance.hostName
        labels["instance"] = id
        let prefix = "__meta_eureka_app_instance_"
        labels[prefix + "hostname"] = instance.hostName
        labels[prefix + "homepage_url"] = instance.homePageUrl
        labels[prefix + "statuspage_url"] = instance.statusPageUrl
        labels[prefix + "healthcheck_url"] = instance.healthCheckUrl
        labels[prefix + "ip_addr"] = instance.ipAddr
        labels[prefix + "vip_address"] = instance.vipAddress
        labels[prefix + "secure_vip_address"] = instance.secureVipAddress
        labels[prefix + "status"] = instance.status
        labels[prefix + "country_id"] = instance.countryId?.text ?? "0"
        labels[prefix + "id"] = instance.instanceId
        if let port = instance.port {
            labels[prefix + "port"] = String(port.number)
            labels[prefix + "port_enabled"] = String(port.isEnabled)
        }
        if let port = instance.securePort {
            labels[prefix + "secure_port"] = String(port.number)
            labels[prefix + "secure_port_enabled"] = String(port.isEnabled)
        }
        labels[prefix + "datacenterinfo_name"] = instance.dataCenterInfo?.name
        labels.add(instance.dataCenterInfo?.metadata?.texts, prefix: prefix + "datacenterinfo_metadata_")
        labels.add(instance.metadata?.texts, prefix: prefix + "metadata_")
        return DiscoveredTarget(labels: labels.set, uniqueID: id)
    }

    private struct Answer: Decodable {
        struct Applications: Decodable { let application: OneOrMany<Application>? }
        let applications: Applications
    }

    private struct Application: Decodable {
        let name: String
        let instance: OneOrMany<Instance>?
    }

    private struct Instance: Decodable {
        let instanceId: String?
        let hostName: String
        let ipAddr: String?
        let status: String?
        let vipAddress: String?
        let secureVipAddress: String?
        let homePageUrl: String?
        let statusPageUrl: String?
        let healthCheckUrl: String?
        let countryId: AnyText?
        let port: Port?
        let securePort: Port?
        let dataCenterInfo: DataCenter?
        let metadata: Metadata?
    }

    private struct DataCenter: Decodable {
        let name: String?
        let metadata: Metadata?
    }

    private struct Port: Decodable {
        let number: Int
        let isEnabled: Bool

        enum CodingKeys: String, CodingKey {
            case number = "$"
            case isEnabled = "@enabled"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let text = try fields.decode(AnyText.self, forKey: .number).text
            guard let number = Int(text) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .number, in: fields, debugDescription: "the port is not a number")
            }
            self.number = number
            isEnabled = try fields.decodeIfPresent(AnyText.self, forKey: .isEnabled)?.text == "true"
        }
    }

    private struct Metadata: Decodable {
        /// Without attributes.
        let texts: [String: String]

        init(from decoder: any Decoder) throws {
            let all = try decoder.singleValueContainer().decode([String: AnyText].self)
            texts = all.filter { !$0.key.hasPrefix("@") }.mapValues(\.text)
        }
    }

    private enum OneOrMany<Element: Decodable>: Decodable {
        case one(Element)
        case many([Element])

        var all: [Element] {
            switch self {
            case .one(let element): [element]
            case .many(let elements): elements
            }
        }

        init(from decoder: any Decoder) throws {
            // The error of the list is the one to report where it is a list.
            if let list = try? decoder.unkeyedContainer() {
                _ = list
                self = .many(try decoder.singleValueContainer().decode([Element].self))
            } else {
                self = .one(try decoder.singleValueContainer().decode(Element.self))
            }
        }
    }
}

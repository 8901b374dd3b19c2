import Declarations
import Model
import Ports

/// The instances of a service in Nacos.
struct NacosSourcePlan: SourceSettings {
    static let kind = "nacos"

    var address = ""
    var service = ""
    var group = "DEFAULT_GROUP"
    var namespace: String?
    var isHealthyOnly = false
    var refreshMs: Int64 = 10_000
    var security = ClientSecurity()
}

enum NacosSourceKind: RunningSourceKind {
    typealias Plan = NacosSourcePlan

    static func section(_ folder: ConfigurationFolder) -> Section<NacosSourcePlan> {
        Section(
            owner: "a nacos source", blank: NacosSourcePlan(),
            settings: [
                .required(
                    "address", \.address, .baseURL, "the server with its path, such as `http://127.0.0.1:8848/nacos`"),
                .required("service", \.service, .line(), "name of the service"),
                .value("group", \.group, .line(), "its group"),
                .optional(
                    "namespace", \.namespace, .line(), shownDefault: "the public one",
                    "id of the namespace; an unknown one has no instances"),
                .value(
                    "healthy", \.isHealthyOnly, .bool,
                    "leave out instances that are not healthy. While the server's protection calls all of them healthy, "
                        + "the last list stays in force"),
                .value("refresh", \.refreshMs, .duration(1_000...86_400_000), "how often the server is asked"),
            ] + Setting.security(\.security, folder))
    }

    static func source(_ plan: NacosSourcePlan, _ setup: SourceSetup) -> any TargetSource {
        NacosSource(plan: plan, setup: setup)
    }
}

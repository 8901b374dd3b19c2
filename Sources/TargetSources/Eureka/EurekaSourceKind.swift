import Declarations
import Model
import Ports

/// The instances that are registered in Eureka.
struct EurekaSourcePlan: SourceSettings {
    static let kind = "eureka"

    var address = ""
    var application: String?
    var isUpOnly = true
    var refreshMs: Int64 = 30_000
    var security = ClientSecurity()
}

enum EurekaSourceKind: RunningSourceKind {
    typealias Plan = EurekaSourcePlan

    static func section(_ folder: ConfigurationFolder) -> Section<EurekaSourcePlan> {
        Section(
            owner: "a eureka source", blank: EurekaSourcePlan(),
            settings: [
                .required(
                    "address", \.address, .baseURL, "the server with its path, such as `http://127.0.0.1:8761/eureka`"),
                .optional(
                    "application", \.application, .routerName, shownDefault: "all",
                    "name of the application; upper and lower case are the same"),
                .value(
                    "up_only", \.isUpOnly, .bool,
                    "leave out instances whose status is not `UP`; the status is in `__meta_eureka_app_instance_status`"
                ),
                .value("refresh", \.refreshMs, .duration(1_000...86_400_000), "how often the server is asked"),
            ] + Setting.security(\.security, folder))
    }

    static func source(_ plan: EurekaSourcePlan, _ setup: SourceSetup) -> any TargetSource {
        EurekaSource(plan: plan, setup: setup)
    }
}

import Declarations
import Model
import SourceCalls

/// Namespaces of an application in Apollo.
struct ApolloCentrePlan: CentreSettings {
    static let kind = "apollo"

    var meta: [String] = []
    var application = ""
    var cluster = "default"
    var namespaces: [String] = []
    var grayLabel: String?
    var dataCenter: String?
    var secret: SecretReference?
    var refreshMs: Int64 = 60_000
    var security = ClientSecurity()
    var startupWaitMs: Int64 = 10_000
    var secretsDirectory = "secrets"
    var isInsecure = false

    var servers: [String] { meta }
    var label: String { "apollo:/\(application)/\(cluster)/" }
}

enum ApolloCentreKind: RunningCentreKind {
    typealias Plan = ApolloCentrePlan

    static func section(_ folder: ConfigurationFolder) -> Section<ApolloCentrePlan> {
        Section(
            owner: "'centre'", blank: ApolloCentrePlan(),
            settings: [
                .required(
                    "meta", \.meta, .instances, "the meta servers, tried in order, such as `https://apollo:8080`"),
                .required("app_id", \.application, .routerName, "the application"),
                .value("cluster", \.cluster, .routerName, "the cluster"),
                .required(
                    "namespaces", \.namespaces, names,
                    "what holds the files, such as `rollguard.yaml`, or `manifest.json` and `releases.checkout.yaml`: the "
                        + "first `.` is the `/` of the path"),
                .optional(
                    "label", \.grayLabel, .routerName,
                    "the label for gray releases of the configuration; the same for all replicas"),
                .optional("data_center", \.dataCenter, .routerName, "the data centre"),
                .secret("secret", \.secret, folder, "the access key, with which requests are signed"),
                .value(
                    "refresh", \.refreshMs, .duration(1_000...3_600_000),
                    "how often everything is read without a notification"),
            ] + Setting.security(\.security, folder))
    }

    /// A namespace without a suffix holds properties, which are no file.
    private static var names: ValueForm<[String]> {
        ValueForm<[String]>.lines(of: "namespaces").checked { names, field in
            for name in names {
                guard CentreNames.path(ofDotted: name) != nil else {
                    field.fail(
                        "the namespace \(Quote.value(name)) names no file; there are 'rollguard.yaml', 'manifest.json', "
                            + "'releases.NAME.yaml', 'rules.NAME.yaml' and 'receivers.NAME.yaml'")
                    return nil
                }
            }
            return names
        }
    }

    static func policy(_ plan: ApolloCentrePlan, _ name: String) -> ApolloCentrePlan {
        var plan = plan
        plan.namespaces = CentreNames.ofPolicy(name)
        return plan
    }

    static func centre(_ plan: ApolloCentrePlan, _ setup: CallSetup) -> any Centre {
        ApolloCentre(plan: plan, setup: setup)
    }
}

/// Names of namespaces and data ids, which have dots where paths have slashes.
enum CentreNames {
    /// The names that hold the policy of a router.
    static func ofPolicy(_ name: String) -> [String] { ["policy.\(name).share.txt", "policy.\(name).strategy.json"] }

    /// The path of a file that is read: below the prefix, or below the policy that is read.
    static func path(_ name: String) -> String? {
        guard name.hasPrefix("policy.") else { return path(ofDotted: name) }
        return name.hasSuffix(".share.txt") ? "share" : name.hasSuffix(".strategy.json") ? "strategy.json" : nil
    }

    /// `releases.checkout.yaml` is `releases/checkout.yaml`; nil for what is no file of a configuration.
    static func path(ofDotted name: String) -> String? {
        if name == "manifest.json" { return CentrePaths.manifest }
        if name == CentrePaths.whole { return name }
        for folder in CentrePaths.folders {
            let start = folder.dropLast() + "."
            let rest = name.dropFirst(start.count)
            guard name.hasPrefix(start), !rest.hasPrefix("."), rest.hasSuffix(".yaml") || rest.hasSuffix(".yml") else {
                continue
            }
            let path = folder + rest
            return CentrePaths.flaw(path) == nil ? path : nil
        }
        return nil
    }
}

import Declarations
import Model
import SourceCalls

/// Configurations of a group in Nacos.
struct NacosCentrePlan: CentreSettings {
    static let kind = "nacos"

    enum Version: String, CaseIterable, Sendable {
        case v1, v3
    }

    var address = ""
    var api = Version.v1
    var namespace = ""
    var group = "rollguard"
    var dataIDs: [String] = []
    var refreshMs: Int64 = 10_000
    var security = ClientSecurity()
    var startupWaitMs: Int64 = 10_000
    var secretsDirectory = "secrets"
    var isInsecure = false

    var servers: [String] { [address] }
    var label: String { "nacos:/\(namespace.isEmpty ? "public" : namespace)/\(group)/" }
}

enum NacosCentreKind: RunningCentreKind {
    typealias Plan = NacosCentrePlan

    static func section(_ folder: ConfigurationFolder) -> Section<NacosCentrePlan> {
        Section(
            owner: "'centre'", blank: NacosCentrePlan(),
            settings: [
                .required("address", \.address, .baseURL, "the server, such as `http://127.0.0.1:8848`"),
                .value(
                    "api", \.api, .choice(NacosCentrePlan.Version.self),
                    "`v1` waits for changes with a long poll; `v3` has none over HTTP and is read every `refresh`"),
                .value("namespace", \.namespace, .text, shownDefault: "`public`", "id of the namespace"),
                .value("group", \.group, .routerName, "the group"),
                .required(
                    "data_ids", \.dataIDs, names,
                    "what holds the files, such as `rollguard.yaml`, or `manifest.json` and `releases.checkout.yaml`: the "
                        + "first `.` is the `/` of the path"),
                .value(
                    "refresh", \.refreshMs, .duration(1_000...600_000),
                    "how often everything is read without a change; a long poll is at least as long as 10 s"),
            ] + Setting.security(\.security, folder),
            finish: { plan, fields in
                switch plan.security.authorization {
                case .bearer, .header:
                    fields["auth"]?.fail("Nacos knows users: write 'auth: {basic: {user: …, password_file: …}}'")
                    return false
                case .basic, nil: return true
                }
            })
    }

    private static var names: ValueForm<[String]> {
        ValueForm<[String]>.lines(of: "data ids").checked { names, field in
            for name in names {
                guard CentreNames.path(ofDotted: name) != nil else {
                    field.fail(
                        "the data id \(Quote.value(name)) names no file; there are 'rollguard.yaml', 'manifest.json', "
                            + "'releases.NAME.yaml', 'rules.NAME.yaml' and 'receivers.NAME.yaml'")
                    return nil
                }
            }
            return names
        }
    }

    static func policy(_ plan: NacosCentrePlan, _ name: String) -> NacosCentrePlan {
        var plan = plan
        plan.dataIDs = CentreNames.ofPolicy(name)
        return plan
    }

    static func centre(_ plan: NacosCentrePlan, _ setup: CallSetup) -> any Centre {
        NacosCentre(plan: plan, setup: setup)
    }
}

import Declarations
import Model
import SourceCalls

/// Keys in etcd under a prefix.
struct EtcdCentrePlan: CentreSettings {
    static let kind = "etcd"

    var endpoints: [String] = []
    var prefix = "rollguard/v1/"
    var refreshMs: Int64 = 10_000
    var security = ClientSecurity()
    var startupWaitMs: Int64 = 10_000
    var secretsDirectory = "secrets"
    var isInsecure = false

    var servers: [String] { endpoints }
    var label: String { CentreLabel.text(EtcdCentrePlan.kind, prefix) }
}

enum EtcdCentreKind: RunningCentreKind {
    typealias Plan = EtcdCentrePlan

    static func section(_ folder: ConfigurationFolder) -> Section<EtcdCentrePlan> {
        Section(
            owner: "'centre'", blank: EtcdCentrePlan(),
            settings: [
                .required("endpoints", \.endpoints, .instances, "members of one cluster, tried in order"),
                .value("prefix", \.prefix, CentreLabel.prefix, "the begin of the keys; ends with a slash"),
                .value(
                    "refresh", \.refreshMs, .duration(1_000...600_000),
                    "how often the keys are read without a change; a change is read at once"),
            ] + Setting.security(\.security, folder),
            finish: { plan, fields in
                switch plan.security.authorization {
                case .bearer, .header:
                    fields["auth"]?.fail("etcd knows users: write 'auth: {basic: {user: …, password_file: …}}'")
                    return false
                case .basic, nil: return true
                }
            })
    }

    static func policy(_ plan: EtcdCentrePlan, _ name: String) -> EtcdCentrePlan {
        var plan = plan
        plan.prefix += "policy/\(name)/"
        return plan
    }

    static func centre(_ plan: EtcdCentrePlan, _ setup: CallSetup) -> any Centre {
        EtcdCentre(plan: plan, setup: setup)
    }
}

/// What precedes the paths of a centre's files, and the prefix that it is made of.
enum CentreLabel {
    static func text(_ kind: String, _ prefix: String) -> String {
        "\(kind):\(prefix.hasPrefix("/") ? "" : "/")\(prefix)"
    }

    static var prefix: ValueForm<String> {
        ValueForm<String>.line(limit: 200, "prefix").checked { prefix, field in
            guard prefix.hasSuffix("/"), prefix.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                field.fail("'prefix' has to end with a slash, and may have no blanks")
                return nil
            }
            return prefix
        }
    }
}

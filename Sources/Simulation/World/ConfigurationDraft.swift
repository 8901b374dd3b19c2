import ConfigurationFiles
import Daemon
import Model

/// What the configuration files of a run say. Drawn from the seed, changed by reloads, and always read through the real
/// Rulebook, as an operator's files are.
struct ConfigurationDraft {
    struct Pool {
        var version: String
        /// `host:port`
        var instances: [String]
    }

    enum RouterKind {
        case gray
        case http
    }

    struct Rule {
        var name: String
        var indicator: String
        var condition: String
        var windowMs: Int64
        var forMs: Int64
        var keepFiringForMs: Int64
        var noData: String
        var action: String
    }

    struct Release {
        var name: String
        var intervalMs: Int64
        var baseline: Pool
        var canary: Pool
        var routerKind: RouterKind
        /// Addresses: `http://release1-lb1`
        var routers: [String]
        var callTimeoutMs: Int64
        var retryMinMs: Int64
        var retryMaxMs: Int64
        var deadlineMs: Int64
        var observeEveryMs: Int64
        var proofCycles: Int
        /// Between the steps of a rollback; nil for one that takes everything at once.
        var drainPauseMs: Int64?
        /// How long a cycle waits for those that are late; nil for all of them.
        var lateAfterMs: Int64?
        var rules: [Rule]
        /// What a statistical rule evaluates, beside the thresholds; nil without such a rule.
        var provenIndicator: String?
        /// The daemon raises its shares, by steps.
        var isLed = false
        /// It goes through its steps in a minute and bakes for seconds, so that versions are promoted and the roles turn.
        var isQuick = false
        /// Its targets come from a file that lists them.
        var isDiscovered = false
        /// What its rollbacks do beside the traffic; nil for nothing.
        var plan: DrawnPlan?
        /// False while the release is not in the files.
        var isListed = true
    }

    struct Receiver {
        var name: String
        var retryMinMs: Int64
        var retryMaxMs: Int64
        var sendsResolved: Bool
    }

    var graceMs: Int64
    var receivers: [Receiver]
    var releases: [Release]
    /// All releases are parts of it: they are led as one rollout. Nil for releases of their own.
    var unit: String?
    /// What follows when one of the releases, which go back together, cannot; nil for releases that do not.
    var onRefusal: String?

    static let path = "/etc/rollguard/rollguard.yaml"

    /// The plan that the Rulebook makes of the files.
    var plan: Plan {
        let result = Rulebook.load(
            configuration: ConfigurationDraft.path, files: MemoryFiles(texts), kinds: .all)
        guard let plan = result.plan else {
            let errors = result.errors.map(\.description).joined(separator: "\n")
            preconditionFailure("the drawn configuration has errors:\n\(errors)")
        }
        return plan
    }

    static let misspeltField = "recievers"

    /// The errors that the Rulebook finds when a field is misspelt.
    var errorsWhenMisspelt: [String] {
        var spoilt = texts
        spoilt[ConfigurationDraft.path, default: ""] += "\(ConfigurationDraft.misspeltField): []\n"
        return Rulebook.load(
            configuration: ConfigurationDraft.path, files: MemoryFiles(spoilt), kinds: .all
        ).errors.map(\.description)
    }
}

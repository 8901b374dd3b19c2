/// The validated configuration: everything the daemon does follows from it. ConfigurationFiles makes it from YAML; the kernel
/// and the edges only read it.
public struct Plan: Sendable, Equatable {
    public var daemon: DaemonPlan
    public var receivers: [ReceiverPlan]
    /// Which receivers get which notifications. Without any, every receiver gets all.
    public var routes: [RoutePlan] = []
    /// Names of the receivers of what no route matches; every receiver where it is empty.
    public var defaultReceivers: [String] = []
    public var releases: [ReleasePlan]
    /// Releases that go back together.
    public var groups: [GroupPlan] = []
    /// Where further releases, rules and receivers come from; nil without a configuration centre.
    public var centre: CentrePlan?
    /// Nil for one daemon alone.
    public var replicas: ReplicasPlan?
    /// Feature flags that the daemon serves; nil for none.
    public var flags: FlagServerPlan?

    public init(daemon: DaemonPlan, receivers: [ReceiverPlan] = [], releases: [ReleasePlan]) {
        self.daemon = daemon
        self.receivers = receivers
        self.releases = releases
    }
}

extension Plan {
    /// Of all releases, each once.
    public var remarks: [String] {
        releases.flatMap(\.remarks).reduce(into: []) { found, one in if !found.contains(one) { found.append(one) } }
    }
}

/// Settings of the process itself.
public struct DaemonPlan: Sendable, Equatable, Codable {
    /// Folder of the journal.
    public var stateDirectory: String
    public var listen: ListenPlan
    public var journal: JournalPlan
    /// The http or https URL under which operators reach the API, without a query or a slash at its end; the base of
    /// links in notifications and API documents. Nil for no links.
    public var externalURL: String?
    /// How long the links in messages that acknowledge an incident are valid; nil for no such links.
    public var acknowledgeLinksMs: Int64?

    public init(
        stateDirectory: String, listen: ListenPlan = ListenPlan(), journal: JournalPlan = JournalPlan(),
        externalURL: String? = nil
    ) {
        self.stateDirectory = stateDirectory
        self.listen = listen
        self.journal = journal
        self.externalURL = externalURL
    }
}

/// Where the API listens, and who may change something there.
public struct ListenPlan: Sendable, Equatable, Codable {
    public var host: String
    /// 0 asks the system for a free port.
    public var port: Int
    /// Bearer token for calls that change something. Without one such calls are taken on the unix socket in the state
    /// folder only, unless ``allowsLoopbackChanges``.
    public var token: SecretReference?
    /// Tokens with names and roles, instead of ``token``, which alone may do everything. At most one of both is set.
    public var tokens: [TokenPlan]
    /// Further names under which callers know the API, without ports: what `Host` may say besides addresses, `localhost`,
    /// `host` and the machine's own name.
    public var names: [String]
    /// Takes calls that change something from loopback addresses without a token too. Never with a token.
    public var allowsLoopbackChanges: Bool
    /// Speaks TLS over TCP; nil for plain HTTP. The unix socket has no TLS.
    public var tls: ListenTLS?

    public init(
        host: String = "127.0.0.1", port: Int = 9411, token: SecretReference? = nil, tokens: [TokenPlan] = [],
        names: [String] = [], allowsLoopbackChanges: Bool = false, tls: ListenTLS? = nil
    ) {
        self.host = host
        self.port = port
        self.token = token
        self.tokens = tokens
        self.names = names
        self.allowsLoopbackChanges = allowsLoopbackChanges
        self.tls = tls
    }
}

extension ListenPlan {
    /// Whether some caller over TCP needs a token to change something.
    public var asksForToken: Bool { token != nil || !tokens.isEmpty }
}

/// One of several bearer tokens.
public struct TokenPlan: Sendable, Equatable, Codable {
    /// Who holds it, for the journal: `ci`, `sre`. Unique in a configuration.
    public var name: String
    public var secret: SecretReference
    /// Never empty; in the order of ``CallerRole``.
    public var may: [CallerRole]

    public init(name: String, secret: SecretReference, may: [CallerRole]) {
        self.name = name
        self.secret = secret
        self.may = may
    }
}

/// What the holder of a token may do, beside reading.
public enum CallerRole: String, Sendable, Equatable, Codable, CaseIterable {
    /// Prepare and begin rollouts, and pause or abort them.
    case release
    /// Answer gates that ask for an approval.
    case approve
    /// Everything else: promote, freeze, roll back, re-arm, reload.
    case operate
}

/// A listener's certificate and key, both PEM. Read at the start and at each reload.
public struct ListenTLS: Sendable, Equatable, Codable {
    /// The listener's own certificate, then those between it and the authority.
    public var certificateFile: String
    /// Without a pass phrase.
    public var keyFile: String

    public init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

public struct JournalPlan: Sendable, Equatable, Codable {
    /// How long a rollback waits for its intent to become durable before it acts all the same.
    public var graceMs: Int64
    /// Closed incidents and delivered notifications older than this are removed.
    public var retentionMs: Int64
    /// How often they are searched for.
    public var pruneEveryMs: Int64

    public init(graceMs: Int64 = 5_000, retentionMs: Int64 = 90 * 86_400_000, pruneEveryMs: Int64 = 3_600_000) {
        self.graceMs = graceMs
        self.retentionMs = retentionMs
        self.pruneEveryMs = pruneEveryMs
    }
}

/// Where a secret is kept. The secret itself is never part of a plan.
public enum SecretReference: Sendable, Hashable, Codable {
    case file(String)
    case environment(String)
}

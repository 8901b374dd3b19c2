/// What a step does. Of each kind the settings that a restart needs to continue.
public enum ProcedureWork: Sendable, Equatable, Codable {
    case exec(ExecWork)
    case http(HTTPWork)
    case flag(FlagWork)
    case consumers(ConsumersWork)
    /// An event that a receiver publishes.
    ///
    /// - receiver: its name in the configuration.
    case event(receiver: String)
    /// Reads whether there is a backup that could be restored.
    case backup(BackupWork)
    case workload(WorkloadWork)
    /// It is done by hand, and said to be done.
    case person(text: String)

    /// The `kind` in the configuration.
    public var kind: String {
        switch self {
        case .exec: "exec"
        case .http: "http"
        case .flag: "flag"
        case .consumers: "consumers"
        case .event: "event"
        case .backup: "backup"
        case .workload: "workload"
        case .person: "person"
        }
    }

    public var flag: FlagWork? { if case .flag(let work) = self { work } else { nil } }

    public var exec: ExecWork? { if case .exec(let work) = self { work } else { nil } }

    /// What is to be done by hand; nil for what the daemon does.
    public var instructions: String? { if case .person(let text) = self { text } else { nil } }

    public var isForPerson: Bool { if case .person = self { true } else { false } }

    public var hasProof: Bool {
        switch self {
        case .exec(let work): work.proof != nil
        case .http(let work): work.proof != nil
        case .flag, .consumers: true
        case .workload(let work): work.hasProof
        // A backup is proved by its own work, which changes nothing.
        case .event, .person, .backup: false
        }
    }
}

/// A program that is run, without a shell.
public struct ExecWork: Sendable, Equatable, Codable {
    /// The program's absolute path, and its arguments.
    public var command: [String]
    /// Beside `PATH`, `LANG` and the `ROLLGUARD_…` variables, which are all that it gets.
    public var environment: [TextPair]
    /// Lines `NAME=value` with further variables, secrets among them; read before each run, never shown.
    public var environmentFile: String?
    /// Absolute; `/` where it is nil.
    public var directory: String?
    /// What the process group gets at the end of the time.
    public var stopSignal: StopSignal
    /// From the signal to the kill.
    public var graceMs: Int64
    /// A program whose exit status 0 proves that the step took effect; 1 says not yet, any other that it cannot be said.
    public var proof: [String]?

    public enum StopSignal: String, Sendable, Equatable, Codable, CaseIterable {
        case term = "TERM"
        case int = "INT"
        case quit = "QUIT"
    }

    public init(
        command: [String] = [], environment: [TextPair] = [], environmentFile: String? = nil, directory: String? = nil,
        stopSignal: StopSignal = .term, graceMs: Int64 = 10_000, proof: [String]? = nil
    ) {
        self.command = command
        self.environment = environment
        self.environmentFile = environmentFile
        self.directory = directory
        self.stopSignal = stopSignal
        self.graceMs = graceMs
        self.proof = proof
    }
}

/// A request.
public struct HTTPWork: Sendable, Equatable, Codable {
    public var request: StepRequest
    /// What shows that it took effect.
    public var proof: HTTPProof?

    public init(request: StepRequest = StepRequest(), proof: HTTPProof? = nil) {
        self.request = request
        self.proof = proof
    }
}

/// One request of a step.
public struct StepRequest: Sendable, Equatable, Codable {
    public var method: String
    public var url: String
    public var headers: [TextPair]
    /// Sent as it is; empty for none.
    public var body: String
    public var security: ClientSecurity

    public init(
        method: String = "POST", url: String = "", headers: [TextPair] = [], body: String = "",
        security: ClientSecurity = ClientSecurity()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.security = security
    }
}

/// What an answer has to show: status 200 to 299, and a text, or a value of a JSON document.
public struct HTTPProof: Sendable, Equatable, Codable {
    public var request: StepRequest
    /// A text that the body has to contain; nil for any body.
    public var contains: String?
    /// Where the value is: `/environments/production/on` (RFC 6901); nil compares nothing.
    public var pointer: String?
    /// The value at the pointer as text: `false`, `12`, `off`.
    public var equals: String?

    public init(
        request: StepRequest = StepRequest(method: "GET"), contains: String? = nil, pointer: String? = nil,
        equals: String? = nil
    ) {
        self.request = request
        self.contains = contains
        self.pointer = pointer
        self.equals = equals
    }
}

/// A feature flag that is set to what the baseline does.
public struct FlagWork: Sendable, Equatable, Codable {
    public enum Provider: String, Sendable, Equatable, Codable, CaseIterable {
        /// A file of flagd: `defaultVariant` is set, and `targeting` is removed.
        case flagdFile = "flagd_file"
        case unleash
        case launchdarkly
        case growthbook
        case flipt
        case configcat
        /// A key whose value is the variant.
        case etcd, redis
        /// A row that statements write and read.
        case postgresql
    }

    public var provider: Provider
    /// The flag's key.
    public var flag: String
    /// The variant that the baseline has; of providers with on and off only, `off` or `on`.
    public var variant: String
    /// Of ``Provider/flagdFile``: absolute.
    public var file: String?
    /// Of the others: where the service's API is.
    public var url: String?
    public var project: String?
    public var environment: String?
    public var security: ClientSecurity
    /// Addresses that are asked by OFREP what they answer; empty reads the provider back instead.
    public var evaluations: [String]
    /// A counter of the applications' own that has to be still; nil asks for none.
    public var metric: FlagMetric?
    /// Of ``Provider/redis``: `host:port`.
    public var address: String?
    /// Of ``Provider/configcat``: names the environment where ``environment`` is nil.
    public var sdkKey: SecretReference?
    /// Of ``Provider/postgresql``.
    public var statements: FlagStatements?
    /// The user's statement that the value in the applications' code is the safe one too; nil for none.
    public var isSafeInCode: Bool?
    /// Other services use the flag as well; nil for no.
    public var isShared: Bool?

    public init(
        provider: Provider = .flagdFile, flag: String = "", variant: String = "off", file: String? = nil,
        url: String? = nil, project: String? = nil, environment: String? = nil,
        security: ClientSecurity = ClientSecurity(), evaluations: [String] = []
    ) {
        self.provider = provider
        self.flag = flag
        self.variant = variant
        self.file = file
        self.url = url
        self.project = project
        self.environment = environment
        self.security = security
        self.evaluations = evaluations
    }
}

/// The router that splits the traffic, and how it is called. The kernel never reads the details.
public enum RouterPlan: Sendable, Equatable, Codable {
    case gray(GrayRouterPlan)
    case haproxy(HAProxyPlan)
    case nginx(NginxPlan)
    case caddy(CaddyPlan)
    case envoy(EnvoyPlan)
    case traefik(TraefikPlan)
    case etcd(EtcdPlan)
    case consul(ConsulPlan)
    case kubernetes(KubernetesPlan)
    case http(HTTPRouterPlan)

    /// The `kind` in the configuration.
    public var kind: String {
        switch self {
        case .gray: "gray"
        case .haproxy: "haproxy"
        case .nginx: "nginx"
        case .caddy: "caddy"
        case .envoy: "envoy"
        case .traefik: "traefik"
        case .etcd: "etcd"
        case .consul: "consul"
        case .kubernetes: "kubernetes"
        case .http: "http"
        }
    }
}

/// Rollguard's own reference router, through its admin API.
public struct GrayRouterPlan: Sendable, Equatable, Codable {
    /// Admin addresses, one per instance: `http://127.0.0.1:9412`.
    public var instances: [String]
    public var security: ClientSecurity

    public init(instances: [String], security: ClientSecurity = ClientSecurity()) {
        self.instances = instances
        self.security = security
    }
}

/// HAProxy through its runtime socket.
public struct HAProxyPlan: Sendable, Equatable, Codable {
    /// Where the split is kept.
    public enum Mode: Sendable, Equatable, Codable {
        /// Server weights in a backend. A share of 0 also puts the canary's servers into maintenance when `sticky` says
        /// that clients hold cookies, because a weight of 0 does not move those.
        case weights(backend: String, baseline: [String], canary: [String], sticky: Bool)
        /// A percentage (0...100) in a map file's entry, read per request.
        case map(file: String, key: String)
        /// Several percentages of one map, all the same and set in one step. The map belongs to this release alone.
        case mapKeys(file: String, keys: [String])
    }

    /// Runtime sockets, one per instance: `/run/haproxy/admin.sock` or `127.0.0.1:9999`.
    public var sockets: [String]
    public var mode: Mode

    public init(sockets: [String], mode: Mode) {
        self.sockets = sockets
        self.mode = mode
    }
}

/// Any router with an HTTP admin API, described by templates.
public struct HTTPRouterPlan: Sendable, Equatable, Codable {
    /// A JSON tree or text, with `${…}` templates in its strings. A string that is one template alone keeps the value's
    /// type: `"${weight.canary}"` becomes the number 0.
    public indirect enum Body: Sendable, Equatable, Codable {
        case null
        case bool(Bool)
        case number(Double)
        case text(String)
        case list([Body])
        case object([Member])
    }

    public struct Member: Sendable, Equatable, Codable {
        public var name: String
        public var value: Body

        public init(name: String, value: Body) {
            self.name = name
            self.value = value
        }
    }

    /// An expectation on an answer's JSON body. A missing pointer is not equal to anything.
    public struct Requirement: Sendable, Equatable, Codable {
        /// RFC 6901.
        public var pointer: String
        public var filters: [String]
        public var equals: Body
        /// Failing this means that another client changed the split meanwhile, rather than a refusal.
        public var isConflict: Bool

        public init(pointer: String, filters: [String] = [], equals: Body, isConflict: Bool = false) {
            self.pointer = pointer
            self.filters = filters
            self.equals = equals
            self.isConflict = isConflict
        }
    }

    /// Takes a value out of an answer for the templates of later steps.
    public struct Capture: Sendable, Equatable, Codable {
        public enum Origin: Sendable, Equatable, Codable {
            case header(String)
            case pointer(String)
        }

        public var variable: String
        public var origin: Origin

        public init(variable: String, origin: Origin) {
            self.variable = variable
            self.origin = origin
        }
    }

    /// One call.
    public struct Step: Sendable, Equatable, Codable {
        public var method: String
        /// Absolute, or a path on the instance's address.
        public var url: String
        public var headers: [TextPair]
        public var body: Body?
        public var timeoutMs: Int64
        /// Statuses that are a success.
        public var expect: [Int]
        /// Statuses that mean a conflict.
        public var conflict: [Int]
        public var bodyEquals: String?
        public var require: [Requirement]
        public var capture: [Capture]

        public init(
            method: String = "GET", url: String, headers: [TextPair] = [], body: Body? = nil, timeoutMs: Int64 = 2_000,
            expect: [Int] = [200, 201, 202, 204], conflict: [Int] = [409, 412], bodyEquals: String? = nil,
            require: [Requirement] = [], capture: [Capture] = []
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.timeoutMs = timeoutMs
            self.expect = expect
            self.conflict = conflict
            self.bodyEquals = bodyEquals
            self.require = require
            self.capture = capture
        }
    }

    /// Where a read-back answer holds a pool's weight.
    public struct WeightPointer: Sendable, Equatable, Codable {
        public var pointer: String
        public var filters: [String]
        /// A second pointer, after the filters (`fromjson`).
        public var then: String?

        public init(pointer: String, filters: [String] = [], then: String? = nil) {
            self.pointer = pointer
            self.filters = filters
            self.then = then
        }
    }

    public struct ReadBack: Sendable, Equatable, Codable {
        /// The last step's answer holds the weights.
        public var steps: [Step]
        public var canary: WeightPointer
        /// Nil when the router reports the canary's percentage alone.
        public var baseline: WeightPointer?

        public init(steps: [Step], canary: WeightPointer, baseline: WeightPointer? = nil) {
            self.steps = steps
            self.canary = canary
            self.baseline = baseline
        }
    }

    /// Addresses, one per instance: `http://127.0.0.1:2019`.
    public var instances: [String]
    public var unixSocket: String?
    /// The sum of the weights written, 100 unless said otherwise.
    public var total: Int
    public var variables: [TextPair]
    public var set: [Step]
    public var readBack: ReadBack?
    public var security: ClientSecurity

    public init(
        instances: [String], unixSocket: String? = nil, total: Int = 100, variables: [TextPair] = [], set: [Step],
        readBack: ReadBack? = nil, security: ClientSecurity = ClientSecurity()
    ) {
        self.instances = instances
        self.unixSocket = unixSocket
        self.total = total
        self.variables = variables
        self.set = set
        self.readBack = readBack
        self.security = security
    }
}

public import Model

/// Any router with an HTTP admin API, described by templates.
public struct HTTPRouterPlan: RouterSettings {
    public static let kind = "http"

    /// A JSON tree or text, with `${…}` templates in its strings. A string that is one template alone keeps the value's
    /// type: `"${weight.canary}"` becomes the number 0.
    public indirect enum Body: Sendable, Equatable {
        case null
        case bool(Bool)
        case number(Double)
        case text(String)
        case list([Body])
        case object([Member])
    }

    public struct Member: Sendable, Equatable {
        public var name: String
        public var value: Body

        public init(name: String, value: Body) {
            self.name = name
            self.value = value
        }
    }

    /// An expectation on an answer's JSON body. A missing pointer is not equal to anything.
    public struct Requirement: Sendable, Equatable {
        /// RFC 6901.
        public var pointer: String
        public var filters: [String]
        public var equals: Body
        /// Failing this means somebody else changed the split meanwhile, rather than a refusal.
        public var isConflict: Bool

        public init(pointer: String, filters: [String] = [], equals: Body, isConflict: Bool = false) {
            self.pointer = pointer
            self.filters = filters
            self.equals = equals
            self.isConflict = isConflict
        }
    }

    /// Takes a value out of an answer for the templates of later steps.
    public struct Capture: Sendable, Equatable {
        public enum Origin: Sendable, Equatable {
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
    public struct Step: Sendable, Equatable {
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
    public struct WeightPointer: Sendable, Equatable {
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

    public struct ReadBack: Sendable, Equatable {
        /// The last step's answer holds the weights.
        public var steps: [Step]
        public var canary: WeightPointer
        /// Nil when the router tells the canary's percentage alone.
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

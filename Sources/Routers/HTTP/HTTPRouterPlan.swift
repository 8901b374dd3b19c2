package import Model

/// Any router with an HTTP admin API, described by templates.
package struct HTTPRouterPlan: RouterSettings {
    package static let kind = "http"

    /// A JSON tree or text, with `${…}` templates in its strings. A string that is one template alone keeps the value's
    /// type: `"${weight.canary}"` becomes the number 0.
    package indirect enum Body: Sendable, Equatable {
        case null
        case bool(Bool)
        case number(Double)
        case text(String)
        case list([Body])
        case object([Member])
    }

    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: Body

        package init(name: String, value: Body) {
            self.name = name
            self.value = value
        }
    }

    /// An expectation on an answer's JSON body. A missing pointer is not equal to anything.
    package struct Requirement: Sendable, Equatable {
        /// RFC 6901.
        package var pointer: String
        package var filters: [String]
        package var equals: Body
        /// Failing this means that another client changed the split meanwhile, rather than a refusal.
        package var isConflict: Bool

        package init(pointer: String, filters: [String] = [], equals: Body, isConflict: Bool = false) {
            self.pointer = pointer
            self.filters = filters
            self.equals = equals
            self.isConflict = isConflict
        }
    }

    /// Takes a value out of an answer for the templates of later steps.
    package struct Capture: Sendable, Equatable {
        package enum Origin: Sendable, Equatable {
            case header(String)
            case pointer(String)
        }

        package var variable: String
        package var origin: Origin

        package init(variable: String, origin: Origin) {
            self.variable = variable
            self.origin = origin
        }
    }

    /// One call.
    package struct Step: Sendable, Equatable {
        package var method: String
        /// Absolute, or a path on the instance's address.
        package var url: String
        package var headers: [TextPair]
        package var body: Body?
        package var timeoutMs: Int64
        /// Statuses that are a success.
        package var expect: [Int]
        /// Statuses that mean a conflict.
        package var conflict: [Int]
        package var bodyEquals: String?
        package var require: [Requirement]
        package var capture: [Capture]

        package init(
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
    package struct WeightPointer: Sendable, Equatable {
        package var pointer: String
        package var filters: [String]
        /// A second pointer, after the filters (`fromjson`).
        package var then: String?

        package init(pointer: String, filters: [String] = [], then: String? = nil) {
            self.pointer = pointer
            self.filters = filters
            self.then = then
        }
    }

    package struct ReadBack: Sendable, Equatable {
        /// The last step's answer holds the weights.
        package var steps: [Step]
        package var canary: WeightPointer
        /// Nil when the router reports the canary's percentage alone.
        package var baseline: WeightPointer?

        package init(steps: [Step], canary: WeightPointer, baseline: WeightPointer? = nil) {
            self.steps = steps
            self.canary = canary
            self.baseline = baseline
        }
    }

    /// Addresses, one per instance: `http://127.0.0.1:2019`.
    package var instances: [String]
    package var unixSocket: String?
    /// The sum of the weights written, 100 unless said otherwise.
    package var total: Int
    package var variables: [TextPair]
    package var set: [Step]
    package var readBack: ReadBack?
    package var security: ClientSecurity

    package init(
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

/// What a gray router does; also the JSON file of `rollguard router --config` (field names in snake_case there).
package struct GrayRouterConfiguration: Sendable, Equatable {
    /// Where the split is kept over restarts. Its folder must exist; `<stateFile>.tmp` and `.lock` are made beside it.
    package var stateFile: String
    /// The old version's servers, `host:port` (IPv6: `[::1]:8080`), 1...256.
    package var baseline: [String]
    /// The new version's servers, 1...256.
    package var canary: [String]
    /// Who gets the canary.
    package var strategy: Strategy
    /// Test users, who get the canary at any split while the route is open. Nil: none.
    package var forced: Forced?
    /// The canary's share in basis points (0...10 000) while there is no state file.
    package var initialCanaryBasisPoints: Int
    /// Where clients connect; port 0 lets the system choose.
    package var listen: String
    /// Where the admin API, `/metrics` and `/-/healthy` are. Keep it away from clients.
    package var adminListen: String
    /// A file with the bearer token that `/api/` asks for. Read on each request, so that it can be rotated. Nil: no token.
    package var tokenFile: String?
    /// Further names under which callers know the admin listener, without ports: what `Host` may say besides addresses,
    /// `localhost`, the host of `adminListen` and the machine's own name.
    package var adminNames: [String]
    /// Networks (CIDR) of proxies whose `X-Forwarded-For` is believed.
    package var trustedProxies: [String]
    /// The longest wait for a server to accept a connection, 1...600 000 ms.
    package var connectTimeoutMs: Int
    /// The longest wait for the head of an answer after the request has been sent, 1...3 600 000 ms.
    package var responseTimeoutMs: Int
    /// The longest time without a byte, within a body and between a client's requests, 1...3 600 000 ms.
    package var idleTimeoutMs: Int
    /// The `version` label in metrics and the `X-Rollguard-Version` header of the baseline's answers.
    package var baselineVersion: String
    /// The same for the canary.
    package var canaryVersion: String

    /// A configuration; everything that has a default in the file has the same one here. Errors are found by
    /// `GrayRouter.init`.
    package init(
        stateFile: String, baseline: [String], canary: [String], strategy: Strategy, initialCanaryBasisPoints: Int,
        listen: String = Defaults.listen, adminListen: String = Defaults.listen, tokenFile: String? = nil,
        trustedProxies: [String] = [], connectTimeoutMs: Int = Defaults.connectTimeoutMs,
        responseTimeoutMs: Int = Defaults.responseTimeoutMs, idleTimeoutMs: Int = Defaults.idleTimeoutMs,
        baselineVersion: String = Defaults.baselineVersion, canaryVersion: String = Defaults.canaryVersion,
        adminNames: [String] = [], forced: Forced? = nil
    ) {
        self.forced = forced
        self.stateFile = stateFile
        self.baseline = baseline
        self.canary = canary
        self.strategy = strategy
        self.initialCanaryBasisPoints = initialCanaryBasisPoints
        self.listen = listen
        self.adminListen = adminListen
        self.tokenFile = tokenFile
        self.adminNames = adminNames
        self.trustedProxies = trustedProxies
        self.connectTimeoutMs = connectTimeoutMs
        self.responseTimeoutMs = responseTimeoutMs
        self.idleTimeoutMs = idleTimeoutMs
        self.baselineVersion = baselineVersion
        self.canaryVersion = canaryVersion
    }

    /// How test users are recognized: a request whose header or cookie has this value.
    package struct Forced: Sendable, Equatable {
        package var header: String?
        package var cookie: String?
        package var value: String

        package init(header: String? = nil, cookie: String? = nil, value: String) {
            self.header = header
            self.cookie = cookie
            self.value = value
        }
    }

    /// Who gets the canary. Each choice is made by a stable bucket 0..<10 000 that is compared with the split (so a
    /// greater share never takes the canary from anyone who had it), except `random`.
    package enum Strategy: Sendable, Equatable {
        /// By user: the value of a request header, else of a cookie. A request with neither goes by client address.
        case userHash(header: String?, cookie: String?)
        /// Clients from these networks (CIDR), at the split's share, by client address; everyone else gets the baseline.
        case region(networks: [String])
        /// Drawn again for each request.
        case random
    }

    /// The values of what a configuration leaves out.
    package enum Defaults {
        package static let listen = "127.0.0.1:0"
        package static let connectTimeoutMs = 1_000
        package static let responseTimeoutMs = 30_000
        package static let idleTimeoutMs = 60_000
        package static let baselineVersion = "baseline"
        package static let canaryVersion = "canary"
    }
}

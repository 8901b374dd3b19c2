package import Model

/// Traefik: two services inside a `weighted` service, written where Traefik reads its dynamic configuration, and read back
/// from its API.
package struct TraefikPlan: RouterSettings {
    package static let kind = "traefik"

    package enum Source: Sendable, Equatable {
        /// A YAML file of the file provider.
        case file(path: String)
        /// The HTTP provider polls the daemon.
        case pull(PullPlan)
        /// The etcd provider.
        case etcd(EtcdAccess, rootKey: String)
        /// The Redis provider.
        case redis(RedisAccess, rootKey: String)
    }

    /// Addresses of Traefik's API, one per instance: `http://127.0.0.1:8080`.
    package var instances: [String]
    /// The weighted service, without the provider: `checkout`.
    package var service: String
    /// The services inside it.
    package var services: PoolPair
    /// The sum of the two weights.
    package var total: Int
    package var source: Source
    package var security: ClientSecurity

    package init(
        instances: [String], service: String, services: PoolPair, total: Int = 100, source: Source,
        security: ClientSecurity = ClientSecurity()
    ) {
        self.instances = instances
        self.service = service
        self.services = services
        self.total = total
        self.source = source
        self.security = security
    }

    /// What Traefik puts behind the name of a service that came this way: `checkout@file`.
    package var provider: String {
        switch source {
        case .file: "file"
        case .pull: "http"
        case .etcd: "etcd"
        case .redis: "redis"
        }
    }
}

/// How Redis is reached.
package struct RedisAccess: Sendable, Equatable {
    /// `127.0.0.1:6379`, or the path of a unix socket.
    package var address: String
    /// Of Redis 6 and later; nil for the password alone.
    package var user: String?
    package var password: SecretReference?
    package var database: Int

    package init(address: String, user: String? = nil, password: SecretReference? = nil, database: Int = 0) {
        self.address = address
        self.user = user
        self.password = password
        self.database = database
    }
}

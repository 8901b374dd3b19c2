import Declarations
import Model
import Ports
import Support

/// Traefik: a weighted service, written where Traefik reads its configuration.
enum TraefikKind: DrivenRouterKind {
    typealias Plan = TraefikPlan

    struct Settings {
        var instances: [String] = []
        var service = ""
        var services = PoolPair(baseline: "", canary: "")
        var total = 100
        var file: String?
        var pull: PullPlan?
        var etcd: Etcd?
        var redis: Redis?
        var security = ClientSecurity()
    }

    struct Etcd {
        var access = EtcdAccess(endpoints: [])
        var rootKey = defaultRootKey
    }

    struct Redis {
        var access = RedisAccess(address: "")
        var rootKey = defaultRootKey
    }

    /// Traefik's own default.
    private static let defaultRootKey = "traefik"
    private static let sources = ["file", "pull", "etcd", "redis"]

    static func section(_ context: RouterContext) -> Section<Settings> {
        let folder = context.folder
        let pull = Section(
            owner: "'pull'", blank: PullPlan(host: "", port: 0, file: ""),
            settings: PullPlan.settings(\PullPlan.self, folder))
        return Section(
            owner: "a traefik router", blank: Settings(),
            settings: [
                .required(
                    "instances", \.instances, .instances, "addresses of Traefik's API, one per instance; only read"),
                .required("service", \.service, service, "the weighted service, without `@provider`"),
                .required(
                    "services", \.services, PoolPair.form, "the services inside it, as they are written there"),
                .value("total", \.total, .integer(1...1_000_000), "the sum of the two weights"),
                .optional("file", \.file, .weightedFile(folder), "the file provider's file: YAML or JSON"),
                .optional("pull", \.pull, pull.form(), "the HTTP provider polls Rollguard"),
                .optional("etcd", \.etcd, etcd(folder).form(), "the etcd provider"),
                .optional("redis", \.redis, redis(folder).form(), "the Redis provider"),
            ] + Setting.security(\.security, folder), exactlyOne: [sources])
    }

    private static var service: ValueForm<String> {
        ValueForm.routerName.checked { name, field in
            guard !name.contains("@"), !name.contains("/") else {
                field.fail(
                    "'service' is the weighted service's name alone, such as checkout; the provider follows from the "
                        + "rest"
                )
                return nil
            }
            return name
        }
    }

    private static func etcd(_ folder: ConfigurationFolder) -> Section<Etcd> {
        Section(
            owner: "'etcd'", blank: Etcd(),
            settings: EtcdKind.access(\Etcd.access, folder) + [
                .value("root_key", \.rootKey, .line(limit: 200), "the prefix of Traefik's keys")
            ])
    }

    private static func redis(_ folder: ConfigurationFolder) -> Section<Redis> {
        Section(
            owner: "'redis'", blank: Redis(),
            settings: [
                .required("address", \.access.address, address(folder), "the server, or its unix socket"),
                Setting.optional("user", \.access.user, .line(limit: 200), "of Redis 6 and later")
                    .reading { fields, redis in
                        redis.access.user = fields["user"]?.line(limit: 200)
                        if fields.has("user"), !fields.has("password_file"), !fields.has("password_env") {
                            fields["user"]?.fail("'user' needs 'password_file' or 'password_env'")
                        }
                        return true
                    },
                .secret("password", \.access.password, folder, "its password"),
                .value("database", \.access.database, .integer(0...1_000_000), "number of the database"),
                .value("root_key", \.rootKey, .line(limit: 200), "the prefix of Traefik's keys"),
            ])
    }

    /// `host:port`, or the path of a socket.
    private static func address(_ folder: ConfigurationFolder) -> ValueForm<String> {
        ValueForm(
            summary: "`host:port` or path", schema: .typed("string"),
            read: { field in
                guard let text = field.line() else { return nil }
                if text.contains("/"), !text.contains("://") { return folder.path(text) }
                do throws(AddressError) {
                    guard let port = try HostPort(text).port, port > 0 else {
                        throw AddressError(reason: "the port is missing")
                    }
                    return text
                } catch {
                    field.fail(
                        "'address' must be HOST:PORT, such as 127.0.0.1:6379, or a path, got "
                            + "\(Quote.value(Redaction.url(text))); \(error.reason)")
                    return nil
                }
            },
            write: { .text($0) })
    }

    // MARK: The plan

    static func plan(_ settings: Settings) -> TraefikPlan? {
        let source: TraefikPlan.Source
        if let path = settings.file {
            source = .file(path: path)
        } else if let pull = settings.pull {
            source = .pull(pull)
        } else if let etcd = settings.etcd {
            source = .etcd(etcd.access, rootKey: etcd.rootKey)
        } else if let redis = settings.redis {
            source = .redis(redis.access, rootKey: redis.rootKey)
        } else {
            return nil
        }
        return TraefikPlan(
            instances: settings.instances, service: settings.service, services: settings.services,
            total: settings.total, source: source, security: settings.security)
    }

    static func settings(_ plan: TraefikPlan) -> Settings {
        var settings = Settings(
            instances: plan.instances, service: plan.service, services: plan.services, total: plan.total,
            security: plan.security)
        switch plan.source {
        case .file(let path): settings.file = path
        case .pull(let pull): settings.pull = pull
        case .etcd(let access, let rootKey): settings.etcd = Etcd(access: access, rootKey: rootKey)
        case .redis(let access, let rootKey): settings.redis = Redis(access: access, rootKey: rootKey)
        }
        return settings
    }

    static func driver(_ plan: TraefikPlan, _ setup: DriverSetup) throws(RouterPlanError) -> any RouterDriver {
        var plan = plan
        plan.services = plan.services.aimed(setup.aim)
        return try TraefikDriver(plan: plan, transport: setup.transport, secrets: setup.secrets)
    }
}

import Declarations
import Model
import Telemetry

/// The fields of a step that sets a feature flag.
struct FlagSettings {
    let folder: ConfigurationFolder

    var settings: [Setting<FlagWork>] {
        [
            .required(
                "provider", \.provider, .choice(FlagWork.Provider.self),
                "where the flag is: a file of flagd, a service by its API, or a value in a store"),
            .required("flag", \.flag, .line(limit: 200), "the flag's key; in the stores the name of the value"),
            .value(
                "variant", \.variant, .line(limit: 200),
                "what the baseline does: of flagd's file a variant, of the services `off` or `on`, of the stores the value"
            ),
            .optional("file", \.file, .wholePath(folder), "of `flagd_file`: its path"),
            .optional("url", \.url, .baseURL, "of the services and `etcd`: where their API is"),
            .optional(
                "project", \.project, .line(limit: 200), "of `unleash` and `launchdarkly`; of `flipt` the namespace"),
            .optional(
                "environment", \.environment, .line(limit: 200),
                "of the services; `configcat` may have `sdk_key_file` in its place"),
        ] + stores + proofs + Setting.security(\.security, folder)
    }

    private var stores: [Setting<FlagWork>] {
        [
            .secret(
                "sdk_key", \.sdkKey, folder,
                "of `configcat`: the SDK key of the environment, by which `flag` is the key of the flag and not its number"
            ),
            .optional("address", \.address, Self.address, "of `redis`: `host:port`; its password is in `auth.basic`"),
            .optional(
                "sql", \.statements, Self.statements(folder).form(),
                "of `postgresql`: the statements that write and read the flag, for `psql`"),
            .optional(
                "safe_in_code", \.isSafeInCode, .bool,
                "`true` says that applications which cannot read the flag do what the baseline does; without it `check` "
                    + "warns"),
            .optional(
                "shared", \.isShared, .bool,
                "`true` says that other services use the flag too, and that it is set all the same"),
        ]
    }

    private var proofs: [Setting<FlagWork>] {
        [
            .optional(
                "evaluations", \FlagWork.asked,
                ValueForm<[String]>(
                    summary: "list of URLs", schema: .array(of: .url, least: 1),
                    read: { $0.instances() }, write: { .list($0.map { .text($0) }) }),
                "where applications ask for the flag (OFREP), each of which has to answer the variant; without it and "
                    + "`prove` the provider is read back"),
            .optional(
                "prove", \.metric, Self.metric.form(),
                "a counter of the applications' own that has to be still, such as that of evaluations with the variant "
                    + "that is left"),
        ]
    }

    private static func statements(_ folder: ConfigurationFolder) -> Section<FlagStatements> {
        Section(
            owner: "'sql'", blank: FlagStatements(),
            settings: [
                .value("program", \.program, .wholePath(folder), "`psql`"),
                .optional(
                    "env_file", \.environmentFile, .wholePath(folder),
                    "lines `NAME=value` for its environment: `PGHOST`, `PGUSER`, `PGPASSWORD`"),
                .required(
                    "write", \.write, .line(limit: 4_000),
                    "one absolute statement; `{flag}` and `{variant}` are replaced by literals"),
                .required("read", \.read, .line(limit: 4_000), "gives one row with one column, the variant"),
            ])
    }

    private static var address: ValueForm<String> {
        ValueForm.line("`host:port`").checked { text, field in
            do throws(AddressError) {
                guard try HostPort(text).port != nil else { throw AddressError(reason: "the port is missing") }
                return text
            } catch {
                field.fail(
                    "\(field.label) must be an address such as 127.0.0.1:6379, got \(Quote.value(text)); \(error.reason)"
                )
                return nil
            }
        }
    }

    // MARK: The counter

    static var metric: Section<FlagMetric> {
        Section(
            owner: "'prove'", blank: FlagMetric(),
            settings: [
                .required(
                    "metric", \.selector, SelectorForm.selector,
                    "the counter, `flag_evaluations_total{flag=\"new\",variant=\"on\"}`; its values are summed up per target"
                ),
                .value(
                    "targets", \.sources, sources, "whose expositions are read: those of a pool, of `both`, or of URLs"),
                .value(
                    "still_for", \.stillFor, .integer(1...20),
                    "so many readings in a row have to show what the one before showed"),
                .value("every", \.everyMs, .duration(100...60_000), "from one reading to the next"),
            ])
    }

    private static var sources: ValueForm<FlagMetric.Sources> {
        let names = Pool.allCases.map(\.rawValue) + ["both"]
        return ValueForm(
            summary: "`baseline`, `canary`, `both` or list of URLs",
            schema: .object([("anyOf", .list([.choice(names), .array(of: .url, least: 1)]))]),
            read: { field in
                if case .list = field.value.content {
                    return field.entries(of: "URLs").map { entries in
                        FlagMetric.Sources(pools: [], urls: entries.compactMap { $0.url()?.text })
                    }
                }
                return field.choice(names).map { name in
                    FlagMetric.Sources(pools: Pool(rawValue: name).map { [$0] } ?? Pool.allCases, urls: [])
                }
            },
            write: { sources in
                guard sources.urls.isEmpty else { return .list(sources.urls.map { .text($0) }) }
                return .text(sources.pools.count == 1 ? sources.pools[0].rawValue : "both")
            })
    }

    // MARK: What is needed

    /// - Returns: false after reporting what is missing.
    static func check(_ work: FlagWork, timeoutMs: Int64, _ fields: Fields) -> Bool {
        if work.isSafeInCode != true { warn(fields) }
        if let metric = work.metric, metric.durationMs >= timeoutMs {
            fields["prove"]?.fail(
                "'still_for' times 'every' is \(Amounts.text(durationMs: metric.durationMs)), which has to be less than "
                    + "'timeout'")
            return false
        }
        func need(_ name: String, _ isThere: Bool) -> Bool {
            if !isThere { fields.fail("a flag of '\(work.provider.rawValue)' needs '\(name)'") }
            return isThere
        }
        switch work.provider {
        case .flagdFile: return need("file", work.file != nil)
        case .unleash, .launchdarkly:
            return need("url", work.url != nil) && need("project", work.project != nil)
                && need("environment", work.environment != nil) && isSwitch(work, fields)
        case .growthbook, .flipt:
            return need("url", work.url != nil) && need("environment", work.environment != nil)
                && isSwitch(work, fields)
        case .configcat:
            return need("url", work.url != nil) && isSwitch(work, fields)
                && need("environment", work.environment != nil || work.sdkKey != nil)
        case .etcd: return need("url", work.url != nil)
        case .redis: return need("address", work.address != nil || fields.has("address"))
        case .postgresql: return need("sql", work.statements != nil || fields.has("sql"))
        }
    }

    /// A flag that an application cannot read has the value in its code.
    private static func warn(_ fields: Fields) {
        guard let flag = fields["flag"] else { return }
        flag.log.warning(
            flag.place,
            "an application that cannot read the flag takes the value in its code; if that is what the baseline does, "
                + "write 'safe_in_code: true'")
    }

    private static func isSwitch(_ work: FlagWork, _ fields: Fields) -> Bool {
        if work.variant == "on" || work.variant == "off" { return true }
        fields["variant"]?.fail("'variant' of \(work.provider.rawValue) must be 'off' or 'on'")
        return false
    }
}

extension FlagWork {
    fileprivate var asked: [String]? {
        get { evaluations.isEmpty ? nil : evaluations }
        set { evaluations = newValue ?? [] }
    }

    func setsTheSame(as other: FlagWork) -> Bool {
        provider == other.provider && flag == other.flag && file == other.file && url == other.url
            && project == other.project && environment == other.environment && address == other.address
            && sdkKey == other.sdkKey && statements == other.statements
    }
}

extension FlagMetric {
    /// `targets`.
    fileprivate struct Sources {
        var pools: [Pool]
        var urls: [String]
    }

    fileprivate var sources: Sources {
        get { Sources(pools: pools, urls: urls) }
        set { (pools, urls) = (newValue.pools, newValue.urls) }
    }
}

/// Flags that several releases set.
enum SharedFlags {
    /// A rollback of one release would change what the other one does.
    ///
    /// - Returns: false after reporting one that is not said to be shared.
    static func check(_ plan: Plan, _ fields: Fields) -> Bool {
        var known: [(release: String, work: FlagWork)] = []
        for release in plan.releases {
            for case .flag(let work) in (release.procedure?.steps ?? []).map(\.work) {
                let other = known.first { $0.release != release.name && $0.work.setsTheSame(as: work) }
                known.append((release.name, work))
                guard let other, work.isShared != true || other.work.isShared != true else { continue }
                (fields["releases"] ?? fields["state"])?.fail(
                    "\(Quote.name(other.release)) and \(Quote.name(release.name)) set the same flag, "
                        + "\(Quote.name(work.flag)); if each of them may set it for both, write 'shared: true' in both steps"
                )
                return false
            }
        }
        return true
    }
}

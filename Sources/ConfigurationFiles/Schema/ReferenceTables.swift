import Declarations
import Model

/// The reference tables of the documentation, each by the name that marks its place in a document.
enum ReferenceTables {
    typealias Table = (name: String, rows: [SettingRow])

    static func all(_ kinds: ConfigurationKinds) -> [Table] {
        configuration(kinds) + routers(kinds.routers) + sources(kinds.sources) + replicas
            + kinds.centres.map { ("centre-\($0.name)", $0.rows) } + rules
    }

    private static func configuration(_ kinds: ConfigurationKinds) -> [Table] {
        let reader = ConfigurationReader.describing(kinds)
        let folder = reader.files.folder
        let release = ReleaseReader(
            folder: folder, library: RuleLibrary(files: reader.files), names: UniqueNames(what: "release"),
            routers: kinds.routers, sources: kinds.sources)
        return [
            ("configuration", reader.section.rows), ("listen", reader.listenReader.section.rows),
            (
                "receiver",
                ReceiverReader(folder: folder, kinds: kinds.receivers).section(names: UniqueNames(what: "receiver"))
                    .rows
            ),
            ("route", RoutesReader.section.rows), ("flags", FlagServerReader(folder: folder).section.rows),
            ("group", GroupReader(folder: folder).section(UniqueNames(what: "group")).rows),
            ("group-member", GroupReader(folder: folder).member.rows),
            ("tls", ClientTLS.section(folder).rows), ("auth", AuthorizationDraft.section(folder).rows),
            ("release", release.section.rows), ("scrape", ScrapeReader(folder: folder).section.rows),
            ("pool", PoolsReader(scheme: "", path: "", folder: folder).pool("").rows),
            ("place", PoolsReader(scheme: "", path: "", folder: folder).place("").rows),
            ("unit", UnitReader(reader: release).ownRows),
            ("source", SampleServerReader(folder: folder).section.rows),
            ("steps", StepsReader(folder: folder).section.rows),
            ("rollout-step", StepReader(folder: folder).section.rows),
            ("plan", ProcedureReader(folder: folder).section.rows),
            ("plan-exec", ProcedureStepReader(folder: folder, kind: .exec).section.rows),
            ("plan-http", ProcedureStepReader(folder: folder, kind: .http).section.rows),
            ("plan-flag", ProcedureStepReader(folder: folder, kind: .flag).section.rows),
            ("plan-consumers", ProcedureStepReader(folder: folder, kind: .consumers).section.rows),
            ("plan-event", ProcedureStepReader(folder: folder, kind: .event).section.rows),
            ("plan-backup", ProcedureStepReader(folder: folder, kind: .backup).section.rows),
            ("plan-workload", ProcedureStepReader(folder: folder, kind: .workload).section.rows),
            ("plan-person", ProcedureStepReader(folder: folder, kind: .person).section.rows),
            ("window", WindowReader.section.rows), ("blackout", BlackoutReader.section.rows),
            ("indicators", IndicatorsReader.section.rows), ("own", OwnIndicatorDraft.section.rows),
            ("rollback", RollbackReader.section.rows),
            ("proof", RollbackReader.proof.rows), ("drain", DrainReader.describing.section.rows),
        ]
    }

    private static func routers(_ kinds: [any RouterKind.Type]) -> [Table] {
        kinds.map { ($0.name, $0.rows) } + kinds.flatMap { kind in kind.tables.map { ($0.name, $0.rows) } }
    }

    private static func sources(_ kinds: [any SourceKind.Type]) -> [Table] {
        kinds.map { ("source-\($0.name)", $0.rows) } + [("relabel", RelabelReader.section.rows)]
    }

    private static var replicas: [Table] {
        let folder = ConfigurationFolder(of: "")
        let stores = LeaseStoreReader(folder: folder)
        return [
            ("replicas", ReplicasReader(folder: folder).section.rows), ("fleet", FleetReader().section.rows),
            ("lease-etcd", stores.etcd.rows), ("lease-consul", stores.consul.rows),
            ("lease-postgresql", stores.postgresql.rows), ("lease-kubernetes", stores.kubernetes.rows),
            ("lease-file", stores.file.rows),
        ]
    }

    private static var rules: [Table] {
        [("rule", RuleReader(group: "").section.rows), ("regression", RegressionReader().section.rows)]
    }
}

extension DrainReader {
    /// For tables and schemas.
    static var describing: DrainReader { DrainReader(rollback: RollbackPlan(), intervalMs: 1_000, indicators: nil) }
}

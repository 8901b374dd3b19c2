import Declarations
import Model

/// The top level of a configuration.
struct ConfigurationReader {
    let files: LoadedFiles
    let kinds: ConfigurationKinds
    let listenReader: ListenReader

    private var folder: ConfigurationFolder { files.folder }

    /// Usable only when no error has been reported.
    func plan(_ document: Document, log: DiagnosticLog) -> Plan? {
        let root = Field(label: "a configuration", value: document.root, log: log)
        if let groups = document.root.member("groups"), GroupReader.areOfRules(groups.value) {
            log.error(groups.namePlace, "'groups' belongs in a rule file; name that file under 'rules' of a release")
            return nil
        }
        if ReleaseListReader.isReleaseFile(document.root) {
            root.fail("this is a release, not a configuration; name the file under 'releases' of a configuration")
            return nil
        }
        return section.read(root)
    }

    /// For what is said about configurations without reading one: it writes, describes, and reads no files.
    static func describing(_ kinds: ConfigurationKinds) -> ConfigurationReader {
        let folder = ConfigurationFolder(of: "")
        return ConfigurationReader(
            files: LoadedFiles(folder: folder, source: MemoryFiles([:]), log: DiagnosticLog()), kinds: kinds,
            listenReader: ListenReader(folder: folder))
    }

    var section: Section<Plan> {
        var daemon = DaemonPlan(stateDirectory: "")
        daemon.listen.allowsLoopbackChanges = listenReader.allowsLoopbackChanges
        return Section(
            owner: "the configuration", blank: Plan(daemon: daemon, releases: []),
            settings: [
                .required("state", \.daemon.stateDirectory, .path(folder), Self.stateSentence),
                .value(
                    "listen", \.daemon.listen, listenReader.form, shownDefault: "`127.0.0.1:9411`",
                    "where the API listens, and who may change something; [see below](#listen)"),
                .optional(
                    "external_url", \.daemon.externalURL, .baseURL,
                    "the URL under which operators reach the API, `https://rollguard.example/checkout`, without a query. "
                        + "Links in notifications and in the API begin with it; without it there are none"),
                .optional(
                    "acknowledge_links", \.daemon.acknowledgeLinksMs, .duration(60_000...604_800_000),
                    "how long the links in messages that [acknowledge an incident](receivers.md#acknowledging-from-a-message) "
                        + "are valid; needs `external_url`; without it messages have no such links"),
                .section(
                    "journal", \.daemon.journal, JournalReader.section, "how long things are kept and waited for"),
                .optional(
                    "centre", \.centre, CentreReader(folder: folder, kinds: kinds.centres).form,
                    "[a configuration centre](centres.md) that holds further releases, rules and receivers"
                ),
                .optional(
                    "replicas", \.replicas, ReplicasReader(folder: folder).form,
                    "[several daemons](../replicas.md) that watch the same releases: which of them this one is; "
                        + "not beside a release with `share_from`"
                ),
                .optional(
                    "flags", \.flags, FlagServerReader(folder: folder).form,
                    "[feature flags](../plans.md#flags-served-by-rollguard) that applications get from Rollguard; "
                        + "[see below](#flags)"),
                .value(
                    "receivers", \.receivers, ReceiverReader(folder: folder, kinds: kinds.receivers).form,
                    shownDefault: "none",
                    "who is notified; [see below](#receivers)"),
                .value(
                    "routes", \.routes, RoutesReader.form, shownDefault: "none: every receiver gets everything",
                    "which receivers get which notifications; every route that matches sends; [see below](#routes)"),
                .value(
                    "default_receivers", \.defaultReceivers, .lines(of: "receivers"), shownDefault: "all receivers",
                    "names of the receivers of what no route matches"
                ).written { !$0.defaultReceivers.isEmpty },
                .value(
                    "groups", \.groups, GroupReader(folder: folder).form, shownDefault: "none",
                    "[releases that go back together](../plans.md#groups-releases-that-go-back-together); "
                        + "[see below](#groups)"
                ).written { !$0.groups.isEmpty },
                .required(
                    "releases", \.releases,
                    ReleaseListReader(files: files, kinds: kinds, tokens: listenReader.knownTokens).form,
                    "what is watched, at least one: [releases](#releases), and paths and patterns of "
                        + "[files with releases](#releases-in-files-of-their-own); may be left out beside `centre`"
                ).neededUnlessCentre,
            ],
            finish: { plan, fields in
                let hasBase = plan.daemon.acknowledgeLinksMs == nil || plan.daemon.externalURL != nil
                if !hasBase { fields["acknowledge_links"]?.fail("'acknowledge_links' needs 'external_url'") }
                let areGroups = GroupReader.check(plan, fields)
                for release in plan.releases where release.shareFrom == .centre && plan.centre == nil {
                    fields.fail(
                        at: fields.namePlace("releases"),
                        "release \(Quote.name(release.name)) has 'share_from: centre', and there is no 'centre'; add one"
                    )
                }
                for release in plan.releases where release.shareFrom == .centre && plan.replicas != nil {
                    fields.fail(
                        at: fields.namePlace("replicas"),
                        Self.refusal(ofShareBesideReplicas: release.name)
                    )
                }
                return RoutesReader.check(plan, fields) && EventReceivers.check(plan, fields)
                    && SharedFlags.check(plan, fields) && hasBase && areGroups
            })
    }

    /// What was in force is on the disk of one daemon alone, and another one would not know it.
    static func refusal(ofShareBesideReplicas name: String) -> String {
        "release \(Quote.name(name)) has 'share_from: centre', which does not work with 'replicas' yet; let one daemon "
            + "follow the share, or use 'steps'"
    }

    private static let stateSentence =
        "folder of the journal and of the API's unix socket, for this daemon alone. It is made with mode 0700, its "
        + "files have 0600; more open ones are tightened at the start, with a line in the log. A folder that holds "
        + "anything else keeps its rights, and the log says so. When it cannot be written (a full disk, a read-only "
        + "one), the daemon starts and continues [without it](#a-disk-that-takes-nothing)"
}

extension Setting<Plan> {
    /// The same field, which may be missing where a centre may have it.
    fileprivate var neededUnlessCentre: Setting {
        let read = read
        return shown(default: "needed without `centre`").reading { fields, plan in
            !fields.has("releases") && fields.has("centre") || read(fields, &plan)
        }.writing { $0.releases.isEmpty && $0.centre != nil ? [] : write($0) }
    }
}

/// `journal`.
enum JournalReader {
    static var section: Section<JournalPlan> {
        Section(
            owner: "'journal'", blank: JournalPlan(),
            settings: [
                .value(
                    "grace", \.graceMs, .duration(Amounts.orZero),
                    "how long a rollback waits for its intent to be on disk before it acts all the same"),
                .value(
                    "retention", \.retentionMs, .duration(),
                    "closed incidents and delivered notifications older than this are removed"),
                .value(
                    "prune_every", \.pruneEveryMs, .duration(1_000...86_400_000),
                    "how often Rollguard searches for them"),
            ])
    }
}

/// Names that may be used once: of releases, of receivers.
final class UniqueNames {
    private let what: String
    private var places: [String: Place] = [:]

    init(what: String) { self.what = what }

    var form: ValueForm<String> {
        ValueForm(
            summary: "name",
            schema: .object([
                ("type", .list(["string", "number", "boolean"].map { .text($0) })),
                ("pattern", .text("^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")),
            ]),
            read: take, write: { .text($0) })
    }

    /// The name; nil after reporting that it is taken or not a name.
    private func take(_ field: Field) -> String? {
        guard let name = field.line() else { return nil }
        guard NameRules.isIdentifier(name) else {
            field.fail(
                "\(Quote.value(name)) cannot name a \(what); use up to 63 letters, digits, '-', '_' and '.', beginning "
                    + "with a letter or digit")
            return nil
        }
        if let first = places[name] {
            let place = first.file.path == field.place.file.path ? "line \(first.line)" : first.shown
            field.fail("\(what) \(Quote.name(name)) is already in \(place); names are unique")
            return nil
        }
        places[name] = field.place
        return name
    }
}

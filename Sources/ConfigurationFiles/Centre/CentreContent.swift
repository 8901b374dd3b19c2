import Declarations
import Model

/// Adds what a configuration centre holds to the plan of the configuration file.
///
/// An object belongs to the file or to the centre, never in part to both. Where both have an object of one name, that of
/// the file is in force, and a warning says so.
struct CentreContent {
    /// The folders whose files are read here or named by those that are read here.
    private enum Folder {
        static let releases = "releases/"
        static let receivers = "receivers/"
    }

    /// One document with releases and receivers, instead of a file for each.
    private static let wholeDocument = "rollguard.yaml"

    let state: CentreState
    /// Of the configuration file: files with secrets are on the host.
    let folder: ConfigurationFolder
    let kinds: ConfigurationKinds
    let tokens: KnownTokens
    let log: DiagnosticLog
    private let files: LoadedFiles
    private let releases: ReleaseListReader
    private let receivers: Section<ReceiverPlan>

    init(
        state: CentreState, folder: ConfigurationFolder, host: any FileSource, kinds: ConfigurationKinds,
        tokens: KnownTokens, log: DiagnosticLog
    ) {
        self.state = state
        self.folder = folder
        self.kinds = kinds
        self.tokens = tokens
        self.log = log
        files = LoadedFiles(
            folder: ConfigurationFolder(of: state.label), source: CentreFiles(state: state, host: host), log: log)
        releases = ReleaseListReader(files: files, kinds: kinds, tokens: tokens, folder: folder)
        receivers = ReceiverReader(folder: folder, kinds: kinds.receivers).section(
            names: UniqueNames(what: "receiver"))
    }

    /// Every file that was read or asked for, in order.
    var paths: [String] { files.paths }
    /// What was read, by path.
    var roots: [String: YAMLValue] { files.roots }

    func add(to plan: inout Plan, secretsDirectory: String) {
        let trust = CentreTrust(folder: folder, secretsDirectory: secretsDirectory, log: log)
        for file in state.files {
            guard let read = reader(of: file.path) else { continue }
            guard let document = files.document(state.label + file.path) else { continue }
            trust.check(document.root)
            read(Field(label: "the file", value: document.root, log: log), &plan)
        }
    }

    private typealias Read = (Field, inout Plan) -> Void

    /// Nil for files that others name, such as rules.
    private func reader(of path: String) -> Read? {
        if path == Self.wholeDocument { return whole }
        if path.hasPrefix(Folder.releases) { return { addReleases($0, &$1) } }
        if path.hasPrefix(Folder.receivers) { return { addReceivers($0, &$1) } }
        return nil
    }

    private func whole(_ field: Field, _ plan: inout Plan) {
        let names = ["receivers", "releases"]
        guard let fields = field.fields(of: "the configuration of a centre", names) else { return }
        if let receivers = fields["receivers"] { addReceivers(receivers, &plan) }
        if let releases = fields["releases"] { addReleases(releases, &plan) }
    }

    private func addReleases(_ field: Field, _ plan: inout Plan) {
        for release in releases.releases(inFile: field) {
            guard !plan.releases.contains(where: { $0.name == release.name && $0.origin == nil }) else {
                shadowed("release", release.name, field)
                continue
            }
            if release.shareFrom == .centre, plan.replicas != nil {
                log.error(field.place, ConfigurationReader.refusal(ofShareBesideReplicas: release.name))
            }
            var release = release
            release.origin = field.place.file.path
            plan.releases.append(release)
        }
    }

    private func addReceivers(_ field: Field, _ plan: inout Plan) {
        let entries = if case .list = field.value.content { field.entries(of: "receivers") ?? [] } else { [field] }
        for entry in entries {
            guard let receiver = receivers.read(entry) else { continue }
            guard !plan.receivers.contains(where: { $0.name == receiver.name && $0.origin == nil }) else {
                shadowed("receiver", receiver.name, entry)
                continue
            }
            var added = receiver
            added.origin = field.place.file.path
            plan.receivers.append(added)
        }
    }

    private func shadowed(_ what: String, _ name: String, _ field: Field) {
        log.warning(
            field.place,
            "\(what) \(Quote.name(name)) is in the configuration file too, which is in force; remove one of the two")
    }
}

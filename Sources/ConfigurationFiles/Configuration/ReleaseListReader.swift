import Declarations
import Model

/// `releases`: releases, and files with releases.
struct ReleaseListReader {
    /// Of files with releases in a configuration.
    private static let fileLimit = 1_000

    private let files: LoadedFiles
    private let reader: ReleaseReader

    init(files: LoadedFiles, kinds: ConfigurationKinds, tokens: KnownTokens) {
        self.files = files
        reader = ReleaseReader(
            folder: files.folder, library: RuleLibrary(files: files), names: UniqueNames(what: "release"),
            routers: kinds.routers, sources: kinds.sources, tokens: tokens)
    }

    var form: ValueForm<[ReleasePlan]> {
        ValueForm(
            summary: "list of mappings, paths and patterns",
            schema: .array(of: .mapping(.shared("release", reader.section.schema), or: .typed("string")), least: 1),
            read: releases, write: { .list($0.map(reader.tree)) })
    }

    /// Whether a document is what `releases` names files of, rather than a configuration.
    static func isReleaseFile(_ root: YAMLValue) -> Bool {
        let first = root.entries.first ?? root
        return (first.member("pools") ?? first.member("places")) != nil && root.member("releases") == nil
    }

    private func releases(_ field: Field) -> [ReleasePlan]? {
        guard let entries = field.entries(of: "releases") else { return nil }
        if entries.isEmpty { field.fail("'releases' is empty; there is nothing to watch") }
        var taken: Set<String> = []
        var releases: [ReleasePlan] = []
        for entry in entries {
            guard let paths = paths(of: entry) else {
                releases += reader.release(entry).map { [$0] } ?? []
                continue
            }
            for path in paths where taken.insert(path).inserted {
                guard taken.count <= Self.fileLimit else {
                    entry.fail("more than \(Self.fileLimit) files with releases; the rest is not read")
                    return releases
                }
                releases += read(path, entry)
            }
        }
        return releases
    }

    /// Nil for a release; the files of a path or pattern.
    private func paths(of entry: Field) -> [String]? {
        guard case .text = entry.value.content else { return nil }
        return entry.line().map { files.matches($0, entry) } ?? []
    }

    /// The releases of a file: it holds one, or a list of them.
    private func read(_ path: String, _ entry: Field) -> [ReleasePlan] {
        guard let document = files.document(path, asked: entry.place) else { return [] }
        let root = Field(label: "a file with releases", value: document.root, log: files.log)
        switch document.root.content {
        case .mapping(let members):
            if let foreign = members.first(where: { ["releases", "state", "groups"].contains($0.name) }) {
                files.log.error(
                    foreign.namePlace,
                    "'\(foreign.name)' does not belong in a file with releases; it holds one release, or a list of "
                        + "releases")
                return []
            }
            return reader.release(root).map { [$0] } ?? []
        case .list(let values):
            if values.isEmpty { root.fail("the file has no releases") }
            return values.compactMap { value in
                reader.release(Field(label: "an entry of the file", value: value, log: files.log))
            }
        case .text, .unusable:
            return root.refuse("a release or a list of releases") ?? []
        }
    }
}

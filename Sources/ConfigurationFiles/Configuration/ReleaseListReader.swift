import Declarations
import Model

/// `releases`: releases, and files with releases.
struct ReleaseListReader {
    /// Of files with releases in a configuration.
    private static let fileLimit = 1_000

    private let files: LoadedFiles
    private let reader: ReleaseReader

    /// - Parameter folder: of files on the host that releases name; nil for the folder of the configuration itself.
    init(
        files: LoadedFiles, kinds: ConfigurationKinds, tokens: KnownTokens, folder: ConfigurationFolder? = nil
    ) {
        self.files = files
        reader = ReleaseReader(
            folder: folder ?? files.folder, library: RuleLibrary(files: files), names: UniqueNames(what: "release"),
            routers: kinds.routers, sources: kinds.sources, tokens: tokens)
    }

    var form: ValueForm<[ReleasePlan]> {
        ValueForm(
            summary: "list of mappings, paths and patterns",
            schema: .array(of: .mapping(schema, or: .typed("string")), least: 1),
            read: releases, write: { .list(trees($0)) })
    }

    private var units: UnitReader { UnitReader(reader: reader) }

    /// A release, or several that are led as one.
    private var schema: SchemaNode {
        .object([
            ("if", .object([("required", .list([.text("parts")]))])), ("then", .shared("unit", units.section.schema)),
            ("else", .shared("release", reader.section.schema)),
        ])
    }

    private func trees(_ plans: [ReleasePlan]) -> [YAMLTree] {
        plans.compactMap { plan in
            guard let part = plan.part else { return reader.tree(plan) }
            return part.isLead ? units.tree(plans.filter { $0.part?.unit == part.unit }) : nil
        }
    }

    /// What an entry, or a file, describes.
    private func plans(_ field: Field) -> [ReleasePlan] {
        UnitReader.isUnit(field.value) ? units.releases(field) : reader.release(field).map { [$0] } ?? []
    }

    /// Whether a document is what `releases` names files of, rather than a configuration.
    static func isReleaseFile(_ root: YAMLValue) -> Bool {
        let first = root.entries.first ?? root
        return (first.member("pools") ?? first.member("places") ?? first.member("parts")) != nil
            && root.member("releases") == nil
    }

    private func releases(_ field: Field) -> [ReleasePlan]? {
        guard let entries = field.entries(of: "releases") else { return nil }
        if entries.isEmpty { field.fail("'releases' is empty; there is nothing to watch") }
        var taken: Set<String> = []
        var releases: [ReleasePlan] = []
        for entry in entries {
            guard let paths = paths(of: entry) else {
                releases += plans(entry)
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
        return releases(inFile: Field(label: "a file with releases", value: document.root, log: files.log))
    }

    /// The releases of a document that holds one, or a list of them.
    func releases(inFile root: Field) -> [ReleasePlan] {
        switch root.value.content {
        case .mapping(let members):
            if let foreign = members.first(where: { ["releases", "state", "groups"].contains($0.name) }) {
                files.log.error(
                    foreign.namePlace,
                    "'\(foreign.name)' does not belong in a file with releases; it holds one release, or a list of "
                        + "releases")
                return []
            }
            return plans(root)
        case .list(let values):
            if values.isEmpty { root.fail("the file has no releases") }
            return values.flatMap { value in
                plans(Field(label: "an entry of the file", value: value, log: files.log))
            }
        case .text, .unusable:
            return root.refuse("a release or a list of releases") ?? []
        }
    }
}

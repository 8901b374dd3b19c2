import ReleaseKernel

/// `releases`: a list of releases.
struct ReleaseListReader {
    let folder: ConfigurationFolder
    let library: RuleLibrary

    var form: ValueForm<[ReleasePlan]> {
        let reader = ReleaseReader(folder: folder, library: library, names: UniqueNames(what: "release"))
        return ValueForm(
            summary: "list of mappings", schema: .array(of: reader.section.schema, least: 1),
            read: { field in
                guard let entries = field.entries(of: "releases") else { return nil }
                if entries.isEmpty { field.fail("'releases' is empty; there is nothing to watch") }
                return entries.compactMap(reader.release)
            },
            write: { .list($0.map(reader.tree)) })
    }
}

import Declarations
import Model
import Ports

/// Files that list targets, as Prometheus has them.
struct FileSourcePlan: SourceSettings {
    static let kind = "file"

    /// Absolute, each with at most one `*`, in its last segment.
    var files: [String] = []
    var refreshMs: Int64 = 30_000
}

enum FileSourceKind: RunningSourceKind {
    typealias Plan = FileSourcePlan

    static func section(_ folder: ConfigurationFolder) -> Section<FileSourcePlan> {
        Section(
            owner: "a file source", blank: FileSourcePlan(),
            settings: [
                .required(
                    "files", \.files, files(folder),
                    "paths, relative to the configuration's folder, that end in `.json`, `.yml` or `.yaml`; the last segment "
                        + "may have one `*`. They are read again within two seconds after a change"),
                .value(
                    "refresh", \.refreshMs, .duration(1_000...86_400_000),
                    "how often the files are read without a change that is seen"),
            ])
    }

    private static func files(_ folder: ConfigurationFolder) -> ValueForm<[String]> {
        ValueForm<[String]>.lines(of: "paths").checked { paths, field in
            for path in paths {
                if let reason = reasonToRefuse(path) {
                    field.fail("\(Quote.value(path)) \(reason)")
                    return nil
                }
            }
            return paths.map(folder.wholePath)
        }
    }

    private static func reasonToRefuse(_ path: String) -> String? {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        if segments.dropLast().contains(where: { $0.contains("*") }) {
            return "has a '*' before its last segment; only file names may have one"
        }
        if let last = segments.last, last.count(where: { $0 == "*" }) > 1 { return "has more than one '*'" }
        if path.contains(where: { "?[".contains($0) }) { return "has a '?' or a '['; only one '*' is a pattern here" }
        guard ListFormat.of(path) != nil else { return "must end in .json, .yml or .yaml" }
        return nil
    }

    static func source(_ plan: FileSourcePlan, _ setup: SourceSetup) -> any TargetSource {
        FileSource(plan: plan, files: setup.files, clock: setup.clock)
    }
}

/// The format of a list by the name of its file.
enum ListFormat {
    static func of(_ path: String) -> TargetListText.Format? {
        if path.hasSuffix(".json") { return .json }
        return path.hasSuffix(".yml") || path.hasSuffix(".yaml") ? .yaml : nil
    }
}

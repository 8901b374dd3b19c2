import Foundation

/// The files of this repository, as a reader sees them.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Paths relative to the root, sorted, below a folder.
    static func files(_ folder: String, ending: String) -> [String] {
        let start = root.appendingPathComponent(folder)
        let found = FileManager.default.enumerator(atPath: start.path)?.compactMap { $0 as? String } ?? []
        return found.filter { $0.hasSuffix(ending) }.map { folder.isEmpty ? $0 : "\(folder)/\($0)" }.sorted()
    }

    static func text(_ path: String) -> String {
        (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)) ?? ""
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    /// Documents in Markdown, without what was built or fetched.
    static let documents =
        ["README.md", "README.zh-CN.md", "CHANGELOG.md", "CONTRIBUTING.md"]
        + ["docs", "rules", "dashboards"].flatMap { files($0, ending: ".md") }
}

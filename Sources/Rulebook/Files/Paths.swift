import Glibc

/// Paths in a configuration are relative to the folder that the configuration file is in.
struct ConfigurationFolder {
    /// Empty, or ends with a slash.
    private let folder: String

    init(of file: String) {
        folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    }

    func path(_ written: String) -> String {
        if written.hasPrefix("/") { return written }
        return folder + (written.hasPrefix("./") ? String(written.dropFirst(2)) : written)
    }
}

/// File name patterns, as the shell has them.
enum PathPattern {
    static func isPattern(_ path: String) -> Bool { path.utf8.contains { "*?[".utf8.contains($0) } }

    static func matches(_ pattern: String, _ path: String) -> Bool {
        fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0
    }
}

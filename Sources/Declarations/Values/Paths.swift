import Glibc

/// Paths in a configuration are relative to the folder that the configuration file is in.
package struct ConfigurationFolder {
    /// Empty, or ends with a slash.
    private let folder: String

    package init(of file: String) {
        folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    }

    package func path(_ written: String) -> String {
        if written.hasPrefix("/") { return written }
        return folder + (written.hasPrefix("./") ? String(written.dropFirst(2)) : written)
    }
}

extension ConfigurationFolder {
    /// A whole path, for what is opened later or by another program: a socket, a file of a router. A configuration that
    /// was named relative to the working directory has its folder there.
    package func wholePath(_ written: String) -> String {
        let path = path(written)
        guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }
}

/// File name patterns, as the shell has them.
package enum PathPattern {
    package static func isPattern(_ path: String) -> Bool { path.utf8.contains { "*?[".utf8.contains($0) } }

    package static func matches(_ pattern: String, _ path: String) -> Bool {
        fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0
    }
}

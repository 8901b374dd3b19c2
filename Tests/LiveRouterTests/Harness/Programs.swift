import Foundation

/// Real programs, from Debian or from the local Python environment that `scripts/setup.sh test` makes.
enum Programs {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The local environment comes first, because it has the newer ones; a whole path stays as it is.
    static func path(_ name: String) -> String? {
        let folders = [root.path + "/.routers-venv/bin/", "/usr/sbin/", "/usr/bin/", "/usr/local/bin/"]
        let places = name.hasPrefix("/") ? [name] : folders.map { $0 + name }
        // A module is no program, but is as much needed.
        return places.first {
            $0.hasSuffix(".so")
                ? FileManager.default.fileExists(atPath: $0) : FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    /// The rollguard executable that was built with these tests; `swift test` names their bundle in the arguments.
    static let rollguard: String? = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix("PackageTests.xctest") }
        let folder = bundle.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        let path = folder?.appendingPathComponent("rollguard").path
        return path.flatMap { FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil }
    }()

    /// For commands of pages: `rollguard`, `caddy` and the system's own.
    static var searchPath: String {
        let own = rollguard.map { [URL(fileURLWithPath: $0).deletingLastPathComponent().path] } ?? []
        let rest = ["/usr/sbin", "/usr/bin", "/bin", "/sbin", "/usr/local/bin"]
        return (own + [root.path + "/.routers-venv/bin"] + rest).joined(separator: ":")
    }
}

import Glibc
import SystemSupport

/// Where the lists of targets are kept for a restart.
package protocol TargetListStore: Sendable {
    /// Nil when there is none, or when it cannot be read.
    func load(release: String) -> [UInt8]?

    /// Replaces what is kept, whole.
    ///
    /// - Returns: why it could not be written; nil when it is on the disk.
    func save(_ bytes: [UInt8], release: String) -> String?
}

/// One file per release in a folder of the daemon's state.
package struct TargetListFiles: TargetListStore {
    /// Lists of as many targets as are taken fit.
    private static let limitBytes = 256 << 20

    private let folder: String

    /// - Parameter stateDirectory: of the configuration.
    package init(stateDirectory: String) {
        folder = (stateDirectory.hasSuffix("/") ? String(stateDirectory.dropLast()) : stateDirectory) + "/targets"
    }

    /// Names of releases are letters, digits, `-`, `_` and `.`, and begin with none of the last three.
    private func path(_ release: String) -> String { "\(folder)/\(release).json" }

    package func load(release: String) -> [UInt8]? {
        do throws(FileReadError) {
            return try RegularFile.read(path(release), limitBytes: Self.limitBytes).bytes
        } catch { return nil }
    }

    /// Written beside the file, flushed, renamed over it: a reader finds the old list or the new one.
    package func save(_ bytes: [UInt8], release: String) -> String? {
        mkdir(folder, 0o700)
        return ReplacedFile.write(bytes, to: path(release))
    }
}

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
        let (path, draft) = (path(release), path(release) + ".new")
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return "cannot write \(draft): \(lastReason())" }
        let failure = write(bytes, to: descriptor)
        close(descriptor)
        if failure == nil, rename(draft, path) == 0 { return nil }
        let reason = failure ?? lastReason()
        unlink(draft)
        return "cannot write \(path): \(reason)"
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) -> String? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return lastReason() }
            rest = rest.dropFirst(count)
        }
        return fsync(descriptor) == 0 ? nil : lastReason()
    }

    private func lastReason() -> String { String(cString: strerror(errno)) }
}

import Glibc
package import Model
import SystemSupport

/// Where a daemon keeps the last good state of its centre.
package protocol CentreShelf: Sendable {
    /// The last state that was in force; nil when there is none that can be read.
    func current() -> StoredCentreState?

    /// The states that were in force, newest first.
    func history() -> [StoredCentreState]

    /// Keeps a state that is in force from now on.
    ///
    /// - Returns: why it could not be kept; nil when it is.
    func save(_ state: CentreState, wallMs: Int64) -> String?

    /// What operators have ordered, with the state that is pinned.
    func brake() -> (brake: CentreBrake, pinned: CentreState?)

    /// Keeps the orders over a restart.
    ///
    /// - Returns: why they could not be kept; nil when they are.
    func save(_ brake: CentreBrake, pinned: CentreState?) -> String?
}

/// The states of a centre that were in force, in a folder of the daemon's state: the last one for a start without the
/// centre, and the ones before it for `rollguard config history`.
package struct CentreStore: CentreShelf {
    /// States that are kept.
    package static let limit = 20
    /// A whole state in base64, and what belongs to it.
    private static let limitBytes = 2 * CentreLimits.totalBytes

    private let folder: String

    /// - Parameter stateDirectory: of the configuration.
    package init(stateDirectory: String) {
        folder = (stateDirectory.hasSuffix("/") ? String(stateDirectory.dropLast()) : stateDirectory) + "/centre"
    }

    /// The last state that was in force; nil when there is none that can be read.
    package func current() -> StoredCentreState? { read("\(folder)/current.json") }

    /// The states that were in force, newest first.
    package func history() -> [StoredCentreState] {
        names().reversed().compactMap { read("\(folder)/\($0)") }
    }

    /// Keeps a state that is in force from now on. The ones before the newest ``limit`` are removed.
    ///
    /// - Returns: why it could not be written; nil when it is on the disk.
    package func save(_ state: CentreState, wallMs: Int64) -> String? {
        guard let bytes = try? StoredCentreState(state, savedWallMs: wallMs).encoded() else {
            return "the state cannot be encoded"
        }
        makeFolder()
        if let problem = ReplacedFile.write(bytes, to: "\(folder)/current.json") { return problem }
        // A name that sorts by time.
        let time = String(max(0, wallMs))
        let name = String(repeating: "0", count: max(0, 15 - time.count)) + time
        if let problem = ReplacedFile.write(bytes, to: "\(folder)/\(name).json") { return problem }
        for old in names().dropLast(CentreStore.limit) { unlink("\(folder)/\(old)") }
        return nil
    }

    /// A file of the folder that is no state: nil when there is none, empty when it cannot be read.
    func bytes(_ name: String) -> [UInt8]? {
        do throws(FileReadError) {
            return try RegularFile.read("\(folder)/\(name)", limitBytes: Self.limitBytes).bytes
        } catch { return error == .system(code: ENOENT) || error == .system(code: ENOTDIR) ? nil : [] }
    }

    /// - Returns: why it could not be written.
    func write(_ bytes: [UInt8], to name: String) -> String? {
        makeFolder()
        return ReplacedFile.write(bytes, to: "\(folder)/\(name)")
    }

    /// - Returns: why it could not be removed; a file that is not there is removed.
    func remove(_ name: String) -> String? {
        guard unlink("\(folder)/\(name)") != 0, errno != ENOENT else { return nil }
        return "\(folder)/\(name): \(String(cString: strerror(errno)))"
    }

    /// With those that it is in: the store may be the first that writes to the state folder.
    private func makeFolder() {
        var path = folder.hasPrefix("/") ? "/" : ""
        for part in folder.split(separator: "/") {
            path += part
            mkdir(path, 0o700)
            path += "/"
        }
    }

    /// Of the files of the history, oldest first.
    private func names() -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let isOfHistory = name.hasSuffix(".json") && name.dropLast(5).allSatisfy { $0.isASCII && $0.isNumber }
            if isOfHistory { names.append(name) }
        }
        return names.sorted()
    }

    private func read(_ path: String) -> StoredCentreState? {
        do throws(FileReadError) {
            return StoredCentreState(try RegularFile.read(path, limitBytes: Self.limitBytes).bytes)
        } catch { return nil }
    }
}

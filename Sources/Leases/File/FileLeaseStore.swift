import Glibc
import Model
import SourceCalls
import Synchronization
import SystemSupport

/// Locks on the files of a folder of one host, and documents beside them. The system gives a lock back when its process ends,
/// however it ends; a process that is stopped keeps its locks, so no replica takes over from it. The lead's fencing token is a
/// number in a file, which each leader raises.
///
/// Source: `man 2 flock`. Network file systems and volumes of containers do not promise what it says.
final class FileLeaseStore: LeaseStore {
    private static let limitBytes = 4 << 20
    /// A file's time may be older than its arrival under its name.
    private static let timeSlackMs: UInt64 = 2_000

    let label: String
    private let folder: String
    private static let lockSuffix = ".lock"

    /// Open files whose locks are held: the session's, and those of leads by their scopes.
    private struct Held {
        var session: Int32?
        var leads: [String: Int32] = [:]
    }

    private let held = Mutex(Held())

    init(plan: FileLeasePlan, label: String) {
        self.label = label
        folder = plan.folder.hasSuffix("/") ? String(plan.folder.dropLast()) : plan.folder
    }

    func open(name: String, status: [UInt8], ttlMs: Int64) async throws(SourceError) -> LeaseSession {
        for path in [folder, folder + "/status", folder + "/documents"] { mkdir(path, 0o700) }
        let session = LeaseSession(id: "\(getpid())", name: name)
        guard let lock = try lock(statusPath(name) + Self.lockSuffix) else {
            throw SourceError("another process of this host is the replica \"\(name)\"; names are unique")
        }
        held.withLock { $0.session = lock }
        try write(status, to: statusPath(name))
        return session
    }

    func renew(_ session: LeaseSession, status: [UInt8]) async throws(SourceError) -> Bool {
        guard held.withLock({ $0.session }) != nil else { return false }
        try write(status, to: statusPath(session.name))
        return true
    }

    func close(_ session: LeaseSession) async {
        held.withLock { held in
            for descriptor in held.leads.values { Glibc.close(descriptor) }
            if let session = held.session { Glibc.close(session) }
            held = Held()
        }
    }

    func lead(_ scope: String, _ session: LeaseSession) async throws(SourceError) -> UInt64? {
        guard let lock = try lock(leadPath(scope) + Self.lockSuffix) else { return nil }
        let token = (try read(tokenPath(scope)).flatMap { UInt64(String(decoding: $0, as: UTF8.self)) } ?? 0) + 1
        do throws(SourceError) {
            try write(Array("\(token)".utf8), to: tokenPath(scope))
            try write(Array("\(session.id)\n\(token)\n\(session.name)".utf8), to: leadPath(scope))
        } catch {
            Glibc.close(lock)
            throw error
        }
        held.withLock { $0.leads[scope] = lock }
        return token
    }

    func drop(_ hold: LeaseHold) async throws(SourceError) {
        if let lock = held.withLock({ $0.leads.removeValue(forKey: hold.scope) }) { Glibc.close(lock) }
    }

    func view(after cursor: UInt64?) async throws(SourceError) -> LeaseView {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var view = LeaseView(cursor: UInt64(time.tv_sec) * 1_000)
        for name in names(folder) where name.hasSuffix(Self.lockSuffix) {
            let scope = String(name.dropLast(Self.lockSuffix.count))
            guard try isLocked(folder + "/" + name), let bytes = try read(leadPath(scope)) else { continue }
            let parts = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            if parts.count == 3, let token = UInt64(parts[1]) {
                view.leaders.append(
                    .init(scope: scope, name: String(parts[2]), session: String(parts[0]), token: token))
            }
        }
        for name in names(folder + "/status") where name.hasSuffix(Self.lockSuffix) {
            let replica = String(name.dropLast(Self.lockSuffix.count))
            if try isLocked(folder + "/status/" + name), let bytes = try read(statusPath(replica)) {
                view.statuses.append(.init(path: replica, bytes: bytes))
            }
        }
        for name in names(folder + "/documents") where !name.hasSuffix(".new") {
            let path = folder + "/documents/" + name
            if let cursor, changedWallMs(path) + Self.timeSlackMs < cursor { continue }
            if let bytes = try read(path) { view.documents.append(.init(path: Self.document(name), bytes: bytes)) }
        }
        return view
    }

    func write(_ path: String, _ bytes: [UInt8], leading: LeaseHold?) async throws(SourceError) -> Bool {
        if let leading, held.withLock({ $0.leads[leading.scope] }) == nil { return false }
        try write(bytes, to: documentPath(path))
        return true
    }

    func remove(_ paths: [String]) async throws(SourceError) { for path in paths { unlink(documentPath(path)) } }

    // MARK: Files

    private func leadPath(_ scope: String) -> String { folder + "/" + scope }

    /// The number of the last leader, which outlives it.
    private func tokenPath(_ scope: String) -> String {
        folder + (scope == LeaseScope.leader ? "/token" : "/\(scope).token")
    }

    private func statusPath(_ name: String) -> String { folder + "/status/" + name }

    /// Names have no slash: `+` takes its place, which no name of a release or replica has.
    private func documentPath(_ path: String) -> String {
        folder + "/documents/" + path.replacing("/", with: "+")
    }

    private static func document(_ name: String) -> String { name.replacing("+", with: "/") }

    /// The open file with its lock; nil when another process has it.
    private func lock(_ path: String) throws(SourceError) -> Int32? {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SourceError("\(path): \(String(cString: strerror(errno)))") }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
        Glibc.close(descriptor)
        return nil
    }

    private func isLocked(_ path: String) throws(SourceError) -> Bool {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }

    private func write(_ bytes: [UInt8], to path: String) throws(SourceError) {
        if let problem = ReplacedFile.write(bytes, to: path) { throw SourceError(problem) }
    }

    /// Nil for a file that is absent.
    private func read(_ path: String) throws(SourceError) -> [UInt8]? {
        do throws(FileReadError) {
            return try RegularFile.read(path, limitBytes: Self.limitBytes).bytes
        } catch {
            if case .system(ENOENT) = error { return nil }
            throw SourceError("\(path): \(error.reason)")
        }
    }

    private func changedWallMs(_ path: String) -> UInt64 {
        var status = stat()
        guard stat(path, &status) == 0 else { return .max - Self.timeSlackMs }
        return UInt64(max(0, status.st_mtim.tv_sec)) * 1_000
    }

    /// Sorted.
    private func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}

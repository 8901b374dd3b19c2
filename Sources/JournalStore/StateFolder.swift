import Foundation
import Glibc
import Ports

#if canImport(Glibc)
#endif

/// The folder of the journal and of the API's unix socket: for this user alone.
///
/// What happened to releases, and who was notified, is confidential, and whoever can open the socket can roll
/// back. So the folder is 0700 and its files are 0600, also where an earlier version, or a `mkdir` by hand, was more
/// open.
struct StateFolder: Sendable {
    /// Files and folders that the daemon makes in it.
    private static let ours: Set<String> = [
        "lock", "journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "journal.sqlite-journal",
        "rollguard.sock", "dry-run", "plots", "report.key", "targets", "centre",
        "replicas", "fleet.json",
    ]

    /// One line for each right that was taken away, or that cannot be.
    let notes: [String]

    /// Makes the folder and the database's file where they are missing, and tightens what is there.
    init(_ directory: String) throws(JournalError) {
        let absolute = URL(fileURLWithPath: directory).standardizedFileURL.path
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw JournalError.unwritable(
                path: directory, reason: "the folder cannot be made: \(Self.reason(error))")
        }
        // SQLite gives its other files the rights of the database's. One that is there is not opened: closing it would
        // drop the locks that SQLite holds on it.
        let database = open(directory + "/journal.sqlite", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if database >= 0 { close(database) }
        notes = [Self.tightenFolder(absolute)].compactMap(\.self) + Self.tightenFiles(absolute)
    }

    /// A folder that others use too, such as a home folder or `/tmp`, keeps its rights.
    private static func tightenFolder(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o077 != 0 else { return nil }
        let found = "the state folder \(path) is open to other users (\(octal(status.st_mode)))"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        guard status.st_uid == geteuid(), status.st_mode & S_ISVTX == 0, ours.isSuperset(of: files) else {
            return "\(found); give it to this daemon alone, with mode 0700"
        }
        guard chmod(path, 0o700) == 0 else { return "\(found) and cannot be changed: \(lastReason())" }
        return "\(found); it is 0700 now"
    }

    private static func tightenFiles(_ folder: String) -> [String] {
        ours.sorted().compactMap { name in
            var status = stat()
            let path = folder + "/" + name
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0 else {
                return nil
            }
            let found = "\(path) was open to other users (\(octal(status.st_mode)))"
            return chmod(path, 0o600) == 0
                ? "\(found); it is 0600 now" : "\(found) and cannot be changed: \(lastReason())"
        }
    }

    private static func octal(_ mode: mode_t) -> String { "0" + String(mode & 0o7777, radix: 8) }

    private static func lastReason() -> String { String(cString: strerror(errno)) }

    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return underlying.map { String(cString: strerror(Int32($0.code))) } ?? error.localizedDescription
    }
}

import Foundation
import Glibc
import Model
import SystemSupport

/// The machine that the daemon is to run on: its state folder and its limits.
struct HostCheckup {
    private static let leastFreeBytes: UInt64 = 100 << 20
    private static let largeJournalBytes: UInt64 = 1 << 30

    let plan: Plan

    func findings() -> [CheckupFinding] { [folder, space, openFiles].compactMap { $0 } + [journal].compactMap { $0 } }

    private var path: String { plan.daemon.stateDirectory }

    /// The nearest folder above that is there: the daemon makes the rest.
    private var existing: String {
        var url = URL(fileURLWithPath: path).standardizedFileURL
        while url.path != "/", !FileManager.default.fileExists(atPath: url.path) { url.deleteLastPathComponent() }
        return url.path
    }

    private var folder: CheckupFinding {
        guard access(existing, W_OK | X_OK) == 0 else {
            return .error(
                "state",
                "\(existing) cannot be written by this user; run the doctor as the daemon's user, or give it the folder"
            )
        }
        var status = stat()
        guard existing == URL(fileURLWithPath: path).standardizedFileURL.path, stat(path, &status) == 0 else {
            return .ok("state", "\(path) is not there yet; the daemon makes it")
        }
        return status.st_mode & 0o077 == 0
            ? .ok("state", "\(path) can be written, by this user alone")
            : .warning("state", "\(path) is open to other users; the daemon makes it 0700 when it starts")
    }

    private var space: CheckupFinding? {
        var status = statvfs()
        guard statvfs(existing, &status) == 0 else { return nil }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let text = "\(free >> 20) MiB are free in \(existing)"
        return free < Self.leastFreeBytes
            ? .warning("disk", text + "; with a full disk, decisions are made and notifications sent from memory alone")
            : .ok("disk", text)
    }

    private var journal: CheckupFinding? {
        let file = path + "/journal.sqlite"
        let attributes = try? FileManager.default.attributesOfItem(atPath: file)
        guard let bytes = attributes?[.size] as? UInt64 else { return nil }
        let text = "\(file) has \((bytes + 1_023) >> 10) KiB"
        return bytes > Self.largeJournalBytes
            ? .warning("journal", text + "; a shorter 'journal.retention' keeps it smaller") : .ok("journal", text)
    }

    private var openFiles: CheckupFinding {
        let targets = plan.releases.reduce(0) { $0 + $1.baseline.targets.count + $1.canary.targets.count }
        let files = OpenFiles.raised()
        do { try files.requireEnough() } catch { return .error("open files", "\(error)") }
        if let warning = files.warning(targets: targets) { return .warning("open files", warning) }
        return .ok("open files", "the limit of \(files.limit) is enough for \(targets) targets")
    }
}

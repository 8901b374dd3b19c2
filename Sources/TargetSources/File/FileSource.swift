import Discovery
import Model
import Ports
import SystemSupport

/// Reads files that list targets: at once, after each change, and regularly.
///
/// A change is seen by what the system knows of the files, every second: that works for files that are renamed into place, for
/// links that are swapped, and on network file systems, and it takes none of the system's few inotify instances.
///
/// All files are read, or the answer is `failed`: half a list is no list. A deleted file takes its targets with it as long as
/// the patterns match any file.
struct FileSource: TargetSource {
    /// Between two checks for a change.
    static let checkMs: Int64 = 1_000
    /// A change is read when the files have been the same for so long, …
    static let settleMs: Int64 = 200
    /// … and after so long at the latest.
    static let settleLimitMs: Int64 = 2_000
    /// A changed list is read a second time after so long.
    static let confirmMs: Int64 = 2_000
    /// Files of one source.
    static let fileLimit = 1_000

    private let plan: FileSourcePlan
    private let files: any TargetFiles
    private let clock: any DaemonClock

    init(plan: FileSourcePlan, files: any TargetFiles, clock: any DaemonClock) {
        self.plan = plan
        self.files = files
        self.clock = clock
    }

    var name: String { "file " + plan.files.joined(separator: ", ") }
    var refreshMs: Int64 { plan.refreshMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        var isConfirmed = true
        while !Task.isCancelled {
            let seen = stamps()
            await report(answer(Array(seen.keys).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }))
            // What changed is read a second time soon: a removal counts with the second answer.
            let waitMs = isConfirmed ? plan.refreshMs : min(plan.refreshMs, FileSource.confirmMs)
            do throws(CancellationError) {
                isConfirmed = !(try await waitForChange(from: seen, atMostMs: waitMs))
            } catch {
                return
            }
        }
    }

    /// Returns after a change that has settled, or when the files have to be read all the same.
    ///
    /// - Returns: whether there was a change.
    private func waitForChange(
        from seen: [String: FileStamp?], atMostMs: Int64
    ) async throws(CancellationError) -> Bool {
        let due = clock.now.uptimeMs + atMostMs
        while clock.now.uptimeMs < due {
            try await clock.sleep(ms: min(FileSource.checkMs, max(1, due - clock.now.uptimeMs)))
            var before = stamps()
            guard before != seen else { continue }
            let latest = clock.now.uptimeMs + FileSource.settleLimitMs
            while clock.now.uptimeMs < latest {
                try await clock.sleep(ms: FileSource.settleMs)
                let after = stamps()
                if after == before { return true }
                before = after
            }
            return true
        }
        return false
    }

    private func stamps() -> [String: FileStamp?] {
        var stamps: [String: FileStamp?] = [:]
        for pattern in plan.files {
            for path in files.expand(pattern).prefix(FileSource.fileLimit + 1) {
                stamps.updateValue(files.stamp(path), forKey: path)
            }
        }
        return stamps
    }

    /// - Parameter paths: each once, sorted.
    private func answer(_ paths: [String]) -> SourceAnswer {
        guard !paths.isEmpty else {
            return .failed(reason: "no file matches; a list without targets is a file with []")
        }
        guard paths.count <= FileSource.fileLimit else {
            return .failed(reason: "more than \(FileSource.fileLimit) files match")
        }
        var groups: [TargetGroup] = []
        for path in paths {
            do throws(TargetListError) { groups += try read(path) } catch {
                return .failed(reason: "\(path): \(error)")
            }
        }
        return SourceLimits.reasonToRefuse(groups).map { .failed(reason: $0) } ?? .list(groups)
    }

    private func read(_ path: String) throws(TargetListError) -> [TargetGroup] {
        let bytes: [UInt8]
        do throws(FileReadError) { bytes = try files.read(path, limitBytes: SourceLimits.bodyBytes) } catch {
            throw TargetListError("the file cannot be read: \(error.reason)")
        }
        return try TargetListText.parse(
            bytes, as: ListFormat.of(path) ?? .json, source: path, labels: ["__meta_filepath": path])
    }
}

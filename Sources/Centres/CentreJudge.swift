package import Model
import SourceCalls

/// What follows from a reading of a centre.
package enum CentreVerdict: Sendable, Equatable {
    /// What is in force.
    case same
    /// Whole and plausible: to be validated as a configuration.
    case candidate(CentreState)
    /// What is in force stays, and the next readings decide.
    case waiting(reason: String)
    /// What is in force stays until the centre is changed again.
    case refused(reason: String)
}

/// Decides whether a reading of a centre may become the configuration.
///
/// Absence never removes anything: keys that are gone, an empty prefix, an empty value or a missing manifest may be a lost
/// right, a restored backup or half of a change. A release leaves when a manifest with a higher revision no longer lists
/// its file, or, without a manifest, when its key is missing in two readings that are at least 10 s apart.
package struct CentreJudge: Sendable {
    /// How long files may differ from their manifest while a client writes one after the other.
    static let completionMs: Int64 = 30_000
    /// Between the two readings that confirm a removal.
    static let confirmationMs: Int64 = 10_000

    /// What is in force; nil before the first state.
    package private(set) var accepted: CentreState?
    private let label: String
    private let needsManifest: Bool
    private var incompleteSinceMs: Int64?
    /// Since when each file that is in force is absent from every reading, milliseconds of uptime.
    private var absentSinceMs: [String: Int64] = [:]

    /// - Parameter accepted: the state of the last run, from the disk.
    package init(label: String, needsManifest: Bool, accepted: CentreState? = nil) {
        self.label = label
        self.needsManifest = needsManifest
        self.accepted = accepted
    }

    /// The state is in force from now on.
    package mutating func accept(_ state: CentreState) { accepted = state }

    /// - Parameter now: uptime of the reading, milliseconds.
    package mutating func judge(_ reading: CentreReading, at now: Int64) -> CentreVerdict {
        var files: [CentreFile] = []
        var manifest: [UInt8]?
        for file in reading.files {
            if file.path == CentrePaths.manifest {
                manifest = file.bytes
            } else if !CentrePaths.reserved.contains(where: { file.path.hasPrefix($0) }) {
                files.append(file)
            }
        }
        noteAbsence(files, now)
        if let flaw = CentreJudge.excess(files) { return .refused(reason: flaw) }
        guard let manifest else { return withoutManifest(files, reading, now) }
        do throws(SourceError) {
            return judge(try ManifestText.parse(manifest), files, reading, now)
        } catch { return .refused(reason: error.reason) }
    }

    private mutating func noteAbsence(_ files: [CentreFile], _ now: Int64) {
        let present = Set(files.map(\.path))
        let absent = accepted?.files.map(\.path).filter { !present.contains($0) } ?? []
        absentSinceMs = Dictionary(
            absent.map { ($0, absentSinceMs[$0] ?? now) }, uniquingKeysWith: { first, _ in first })
    }

    private static func excess(_ files: [CentreFile]) -> String? {
        guard files.count <= CentreLimits.files else { return "there are more than \(CentreLimits.files) files" }
        if let large = files.first(where: { $0.bytes.count > CentreLimits.fileBytes }) {
            return "'\(large.path)' is larger than \(CentreLimits.fileBytes) bytes"
        }
        guard files.reduce(0, { $0 + $1.bytes.count }) <= CentreLimits.totalBytes else {
            return "all files together are larger than \(CentreLimits.totalBytes) bytes"
        }
        return nil
    }

    // MARK: With a manifest

    private mutating func judge(
        _ manifest: CentreManifest, _ files: [CentreFile], _ reading: CentreReading, _ now: Int64
    ) -> CentreVerdict {
        var listed: [CentreFile] = []
        for entry in manifest.files {
            if let flaw = CentrePaths.flaw(entry.name) { return .refused(reason: "the manifest: \(flaw)") }
            guard let file = files.first(where: { $0.path == entry.name }), !file.bytes.isEmpty else {
                return incomplete("the manifest lists '\(entry.name)', which is missing or empty", now)
            }
            guard CentreDigest.of(file.bytes) == entry.value else {
                return incomplete("'\(entry.name)' is not the file that the manifest lists: its digest differs", now)
            }
            listed.append(file)
        }
        incompleteSinceMs = nil
        let state = CentreState(
            label: label, revision: reading.revision, order: reading.order, digest: CentreDigest.of(listed),
            manifest: manifest, files: listed)
        return judge(state, manifest)
    }

    private mutating func incomplete(_ reason: String, _ now: Int64) -> CentreVerdict {
        let since = incompleteSinceMs ?? now
        incompleteSinceMs = since
        return now - since < CentreJudge.completionMs ? .waiting(reason: reason) : .refused(reason: reason)
    }

    private func judge(_ state: CentreState, _ manifest: CentreManifest) -> CentreVerdict {
        guard let accepted else { return .candidate(state) }
        if let earlier = accepted.manifest {
            if manifest.revision == earlier.revision, state.digest == accepted.digest { return .same }
            // Not by force either: a manifest of a backup may have been a forced one when it was written.
            guard manifest.revision > earlier.revision else {
                return .refused(reason: CentreJudge.reason(manifest, after: earlier))
            }
        }
        if let reason = removesTooMuch(state), !manifest.isForced { return .refused(reason: reason) }
        return .candidate(state)
    }

    private static func reason(_ manifest: CentreManifest, after earlier: CentreManifest) -> String {
        manifest.revision == earlier.revision
            ? "the files have changed, and the revision of the manifest has not: it is still \(earlier.revision)"
            : "the revision of the manifest went back from \(earlier.revision) to \(manifest.revision), as after the "
                + "restoration of a backup; write a higher one, for example with `rollguard config push --after "
                + "\(earlier.revision)`"
    }

    // MARK: Without a manifest

    private mutating func withoutManifest(
        _ files: [CentreFile], _ reading: CentreReading, _ now: Int64
    ) -> CentreVerdict {
        incompleteSinceMs = nil
        if accepted?.manifest != nil { return .waiting(reason: "the manifest is missing; nothing is removed for that") }
        if files.isEmpty { return .waiting(reason: "there are no files; nothing is removed for that") }
        if needsManifest, files.count > 1 {
            return .refused(reason: "several files need a manifest that lists them, because they change one by one")
        }
        if let flaw = files.lazy.compactMap({ CentrePaths.flaw($0.path) }).first { return .refused(reason: flaw) }
        if let empty = files.first(where: \.bytes.isEmpty) {
            return .waiting(reason: "'\(empty.path)' is empty; nothing is removed for that")
        }
        let state = CentreState(
            label: label, revision: reading.revision, order: reading.order, digest: CentreDigest.of(files),
            manifest: nil, files: files)
        guard let accepted else { return .candidate(state) }
        if state.digest == accepted.digest { return .same }
        if let before = accepted.order, let order = state.order, order < before {
            return .refused(
                reason:
                    "the revision of the centre went back from \(before) to \(order), as after the restoration of a "
                    + "backup; write a manifest, for example with `rollguard config push`")
        }
        return removal(from: accepted, to: state, now)
    }

    /// A removal has to be seen twice.
    private func removal(from accepted: CentreState, to state: CentreState, _ now: Int64) -> CentreVerdict {
        let gone = accepted.files.map(\.path).filter { state.file($0) == nil }
        guard let first = gone.first else { return .candidate(state) }
        if let reason = removesTooMuch(state) { return .refused(reason: reason) }
        if gone.allSatisfy({ now - (absentSinceMs[$0] ?? now) >= CentreJudge.confirmationMs }) {
            return .candidate(state)
        }
        let others = gone.count > 1 ? ", and \(gone.count - 1) more" : ""
        return .waiting(reason: "'\(first)' is gone\(others); a second reading has to confirm it")
    }

    /// Nil unless more than half of the files with releases would leave.
    private func removesTooMuch(_ state: CentreState) -> String? {
        CentrePaths.removesTooMuch(from: accepted?.files ?? [], to: state.files).map {
            "\($0); if that is meant, write 'force: true' in the manifest"
        }
    }
}

extension CentrePaths {
    /// Nil unless more than half of the files with releases would leave: that is seldom meant. A file may have another
    /// name afterwards.
    package static func removesTooMuch(from old: [CentreFile], to new: [CentreFile]) -> String? {
        let (before, after) = (old.count(where: isRelease), new.count(where: isRelease))
        guard 2 * (before - after) > before else { return nil }
        return "\(before - after) of \(before) files with releases would leave at once"
    }

    private static func isRelease(_ file: CentreFile) -> Bool { file.path.hasPrefix("releases/") }
}

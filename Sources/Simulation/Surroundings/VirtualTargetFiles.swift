import Model
import SystemSupport
import TargetSources

/// The files that list the targets of releases with discovery: the truth, or what is shown in its place while something is wrong
/// with the source.
///
/// Used on the world's thread alone.
final class VirtualTargetFiles: TargetFiles, @unchecked Sendable {
    enum Mood: String, CaseIterable {
        case truthful
        /// The file cannot be read, as a source that hangs or refuses.
        case unreadable
        /// A writer has truncated it.
        case truncated
        /// `[]`
        case empty
        /// Half of each pool.
        case half
        /// The list of when the mood began.
        case old
        /// With and without its last target, by turns.
        case flapping
    }

    private struct Span {
        let fromMs: Int64
        let mood: Mood
    }

    /// So long a list that lost more than half of a pool is held; see ``SourceList/Times``.
    static let graceMs: Int64 = 60_000
    private static let refreshMs: Int64 = 10_000
    private static let flapMs: Int64 = 15_000

    private let timeline: Timeline
    private let files: VirtualFiles
    private let spans: [Span]
    /// What a release's file said when the present mood began, by name.
    private var remembered: [String: (fromMs: Int64, text: String)] = [:]

    /// - Parameter lists: of earlier lives of the daemon too.
    init(seed: UInt64, timeline: Timeline, files: VirtualFiles, faultPhaseMs: Int64) {
        (self.timeline, self.files) = (timeline, files)
        // Of the sources alone, so that they do not change what else is drawn.
        var dice = Dice(seed: seed ^ 0x7A6_E751)
        var spans = [Span(fromMs: 0, mood: .truthful)]
        var fromMs: Int64 = 60_000
        while fromMs < faultPhaseMs {
            spans.append(Span(fromMs: fromMs, mood: dice.pick(Mood.allCases)))
            fromMs += dice.ms(5_000...150_000)
        }
        self.spans = spans + [Span(fromMs: faultPhaseMs, mood: .truthful)]
    }

    private var span: Span { spans.last { $0.fromMs <= timeline.nowMs } ?? spans[0] }

    /// For how long the files have shown less than half of a pool, or nothing at all, up to now or a moment ago. Times in which they
    /// could not be read are between two answers.
    func shrunkenMs(endedWithinMs: Int64) -> Int64 {
        let now = timeline.nowMs
        var began: Int64?
        var longestMs: Int64 = 0
        for (index, span) in spans.enumerated() where span.fromMs <= now {
            switch span.mood {
            case .empty, .half: began = began ?? span.fromMs
            case .unreadable, .truncated: break
            case .truthful, .old, .flapping: began = nil
            }
            let end = index + 1 < spans.count ? min(spans[index + 1].fromMs, now) : now
            if let began, end >= now - endedWithinMs { longestMs = max(longestMs, end - began) }
        }
        return longestMs
    }

    /// The files show the truth until then.
    func isTruthful(untilMs end: Int64) -> Bool {
        span.mood == .truthful
            && !spans.contains { $0.fromMs > timeline.nowMs && $0.fromMs <= end && $0.mood != .truthful }
    }

    static func path(of release: String) -> String { "/etc/rollguard/\(release).targets.json" }

    /// The source's part of a release's configuration.
    static func configuration(of release: String) -> String {
        "discovery: [{kind: file, files: [\(release).targets.json], refresh: \(refreshMs)ms}]"
    }

    // MARK: What the daemon reads

    func expand(_ pattern: String) -> [String] { [pattern] }

    func stamp(_ path: String) -> FileStamp? {
        guard let text = text(of: path) else { return nil }
        // FNV-1a: the same text has the same stamp in every process.
        let mark = text.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return FileStamp(
            sizeBytes: Int64(text.utf8.count), modifiedNs: Int64(bitPattern: mark), changedNs: Int64(bitPattern: mark))
    }

    func read(_ path: String, limitBytes: Int) throws(FileReadError) -> [UInt8] {
        guard let text = text(of: path) else { throw .system(code: 5) }
        return Array(text.utf8)
    }

    private func text(of path: String) -> String? {
        guard let release = files.draft.releases.first(where: { Self.path(of: $0.name) == path }) else { return nil }
        let (old, new) = (release.baseline.instances, release.canary.instances)
        let truth = Self.text(old, new)
        switch span.mood {
        case .truthful: return truth
        case .unreadable: return nil
        case .truncated: return ""
        case .empty: return "[]"
        case .half: return Self.text(Array(old.prefix(old.count / 2)), Array(new.prefix(new.count / 2)))
        case .old:
            if let known = remembered[path], known.fromMs == span.fromMs { return known.text }
            remembered[path] = (span.fromMs, truth)
            return truth
        case .flapping:
            let isWhole = timeline.nowMs / Self.flapMs % 2 == 0 || old.count < 2
            return isWhole ? truth : Self.text(Array(old.dropLast()), new)
        }
    }

    private static func text(_ old: [String], _ new: [String]) -> String {
        func group(_ instances: [String], _ pool: String) -> String {
            let targets = instances.map { "\"\($0)\"" }.joined(separator: ", ")
            return "{\"targets\": [\(targets)], \"labels\": {\"pool\": \"\(pool)\"}}"
        }
        return "[\(group(old, "old")), \(group(new, "new"))]"
    }
}

/// The lists that the daemon keeps for its next life.
///
/// Used on the world's thread alone.
final class VirtualTargetLists: @unchecked Sendable {
    fileprivate var lists: [String: [UInt8]] = [:]
}

/// The same as one life of the daemon sees them: nothing that it writes after its end arrives.
struct VirtualTargetStore: TargetListStore {
    let lists: VirtualTargetLists
    let process: DaemonProcess
    let life: Int

    func load(release: String) -> [UInt8]? { lists.lists[release] }

    func save(_ bytes: [UInt8], release: String) -> String? {
        if process.isAlive(life) { lists.lists[release] = bytes }
        return nil
    }
}

import Centres
import Daemon
import Model
import SourceCalls

/// A configuration centre, what is pushed to it, and what goes wrong with it.
///
/// Its chance is its own, so that it changes nothing else that is drawn. Used on the world's thread alone.
final class CentreWorld: @unchecked Sendable {
    /// What an operator pushes: files with a manifest that lists them.
    struct Push {
        let revision: Int64
        let files: [CentreFile]
        /// What the configuration says then; nil for one with errors.
        let plan: Plan?
        /// The guard against a bad push lets it pass.
        let isForced: Bool

        var manifest: CentreFile {
            let manifest = ManifestText.manifest(
                of: files, revision: revision, author: "ada", reason: "drawn", isForced: isForced)
            return CentreFile(path: CentrePaths.manifest, bytes: ManifestText.encode(manifest))
        }
    }

    static let label = "etcd:/rollguard/v1/"

    private let timeline: Timeline
    private let files: VirtualFiles
    private let law: CentreLaw
    private var dice: Dice
    /// What it holds, the manifest included.
    private(set) var held: [CentreFile] = []
    /// Of the centre itself; a backup brings an older one back.
    private(set) var revision: UInt64 = 0
    private var pushes: [Push] = []
    private var backup: (held: [CentreFile], revision: UInt64)?
    /// Files that a client writes after its manifest.
    private var late: [CentreFile] = []
    private(set) var isUp = true
    /// Its watches say nothing; readings are answered.
    private(set) var isSilent = false

    init(seed: UInt64, timeline: Timeline, files: VirtualFiles, law: CentreLaw) {
        (self.timeline, self.files, self.law) = (timeline, files, law)
        dice = Dice(seed: seed ^ 0x00CE_27E5)
    }

    var delayMs: Int64 { dice.ms(1...40) }

    // MARK: Changes

    /// The first state, and the first trouble.
    func schedule() {
        push()
        timeline.at(dice.ms(15_000...60_000), .changeCentre)
    }

    func change() {
        guard !timeline.isHealed else { return }
        if !late.isEmpty {
            put(late, what: "the rest of a change")
            late = []
        } else {
            changeSomething()
        }
        timeline.after(late.isEmpty ? dice.ms(2_000...40_000) : dice.ms(500...20_000), .changeCentre)
    }

    private func changeSomething() {
        switch dice.int(0...11) {
        case 0, 1, 2: edit()
        case 3: list()
        case 4: pushNonsense()
        case 5: remove(dice.int(0...max(0, held.count - 1)))
        case 6: empty()
        case 7: pushInParts()
        case 8: backup = (held, revision)
        case 9: restore()
        case 10: isSilent.toggle()
        default: isUp.toggle()
        }
        timeline.note("centre: revision \(revision), \(held.count) keys, up \(isUp), silent \(isSilent)")
    }

    /// A rule of a release waits for another time. While its rollout runs, the guard refuses a longer one that is not forced.
    private func edit() {
        let release = dice.int(0...files.draft.releases.count - 1)
        let rule = dice.int(0...files.draft.releases[release].rules.count - 1)
        files.draft.releases[release].rules[rule].forMs = files.draft.releases[release].intervalMs * dice.ms(0...2)
        push(isForced: dice.chance(percent: 30))
    }

    /// A release leaves, or comes back.
    private func list() {
        let release = dice.int(0...files.draft.releases.count - 1)
        files.draft.releases[release].isListed.toggle()
        if !files.draft.releases.contains(where: \.isListed) { files.draft.releases[release].isListed = true }
        push()
    }

    private var nextFiles: [CentreFile] {
        files.draft.centreTexts.map { CentreFile(path: $0.path, bytes: Array($0.text.utf8)) }
            .sorted { $0.path < $1.path }
    }

    private func next(_ content: [CentreFile], isForced: Bool = false) -> Push {
        let revision = (pushes.last?.revision ?? 0) + 1
        let state = CentreState(
            label: CentreWorld.label, revision: "\(self.revision + 1)", order: self.revision + 1,
            digest: CentreDigest.of(content), manifest: nil, files: content)
        let push = Push(revision: revision, files: content, plan: try? files.load(centre: state), isForced: isForced)
        pushes.append(push)
        law.pushed(push)
        let kind = (push.plan == nil ? "with errors" : "valid") + (isForced ? ", forced" : "")
        timeline.note("centre: manifest \(revision), \(kind)")
        return push
    }

    private func push(isForced: Bool = false) {
        let push = next(nextFiles, isForced: isForced)
        held = push.files + [push.manifest]
        revision += 1
    }

    private func pushNonsense() {
        var content = nextFiles
        let index = dice.int(0...content.count - 1)
        content[index] = CentreFile(
            path: content[index].path, bytes: content[index].bytes + Array("\n nonsense: [".utf8))
        let push = next(content)
        held = push.files + [push.manifest]
        revision += 1
    }

    /// The manifest first, and the files one after the other.
    private func pushInParts() {
        let release = dice.int(0...files.draft.releases.count - 1)
        files.draft.releases[release].rules[0].forMs = files.draft.releases[release].intervalMs * dice.ms(0...2)
        let push = next(nextFiles)
        put([push.manifest], what: "a manifest before its files")
        late = push.files
    }

    private func put(_ some: [CentreFile], what: String) {
        held.removeAll { file in some.contains { $0.path == file.path } }
        held += some
        revision += 1
        timeline.note("centre: \(what)")
    }

    private func remove(_ index: Int) {
        guard held.indices.contains(index) else { return }
        timeline.note("centre: \(held[index].path) is deleted")
        held.remove(at: index)
        revision += 1
    }

    private func empty() {
        held = []
        revision += 1
        timeline.note("centre: the prefix is empty")
    }

    private func restore() {
        guard let backup else { return self.backup = (held, revision) }
        (held, revision) = backup
        timeline.note("centre: restored from a backup")
    }

    /// Forced: what the guard has refused before comes into force with it, also while a rollout runs.
    func heal() {
        (isUp, isSilent, late) = (true, false, [])
        push(isForced: true)
    }
}

/// The centre as one life of the daemon reaches it.
struct VirtualCentre: Centre {
    let world: CentreWorld
    let process: DaemonProcess
    let life: Int

    /// The longest time between two readings.
    private static let readEveryMs: Int64 = 10_000
    private static let stepMs: Int64 = 500

    var label: String { CentreWorld.label }
    var needsManifest: Bool { false }
    var writer: (any CentreWriter)? { nil }

    func read() async throws(SourceError) -> CentreReading {
        guard await process.pause(ms: world.delayMs, life: life) else { throw SourceError("cancelled") }
        guard world.isUp else { throw SourceError("connection refused") }
        let reading = CentreReading(revision: "\(world.revision)", order: world.revision, files: world.held)
        guard await process.pause(ms: world.delayMs, life: life) else { throw SourceError("cancelled") }
        return reading
    }

    func waitForChange(after reading: CentreReading) async throws(CancellationError) {
        for _ in 0..<Self.readEveryMs / Self.stepMs {
            guard await process.pause(ms: Self.stepMs, life: life) else { throw CancellationError() }
            if world.isUp, !world.isSilent, "\(world.revision)" != reading.revision { return }
        }
    }
}

/// The last good state of the centre on a machine's disk: it is there after a crash.
///
/// Used on the world's thread alone.
final class VirtualCentreShelf: CentreShelf, @unchecked Sendable {
    private var kept: [StoredCentreState] = []
    private var orders: (brake: CentreBrake, pinned: CentreState?) = (CentreBrake(), nil)

    func current() -> StoredCentreState? { kept.last }

    func history() -> [StoredCentreState] { kept.reversed() }

    func save(_ state: CentreState, wallMs: Int64) -> String? {
        kept.append(StoredCentreState(state, savedWallMs: wallMs))
        return nil
    }

    func brake() -> (brake: CentreBrake, pinned: CentreState?) { orders }

    func save(_ brake: CentreBrake, pinned: CentreState?) -> String? {
        orders = (brake, pinned)
        return nil
    }
}

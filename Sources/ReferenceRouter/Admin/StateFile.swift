import Foundation

/// A split as it is saved, with its revision.
struct SavedSplit: Sendable, Equatable, Codable {
    static let currentFormat = 1

    var format = currentFormat
    /// 0...10 000.
    var canaryBasisPoints: Int
    /// 1 for the first one; one more with each change.
    var revision: Int
    /// Where test users go; nil until it is set for the first time.
    var forcedTarget: ForcedTarget?

    /// A route that is configured is open until it is closed.
    var forced: ForcedTarget { forcedTarget ?? .canary }

    enum CodingKeys: String, CodingKey {
        case format
        case canaryBasisPoints = "canary_basis_points"
        case revision
        case forcedTarget = "forced"
    }
}

/// The file that keeps the split over restarts, locked for as long as this object lives.
final class StateFile: Sendable {
    private static let limitBytes = 4_096
    private let path: String
    private let lock: Int32

    /// Takes the lock.
    init(path: String) throws(GrayRouterError) {
        self.path = path
        let file = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .stateUnwritable(path: path, reason: FileProblem(code: errno).reason) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw .stateInUse(path: path)
        }
        lock = file
    }

    deinit { close(lock) }

    /// Lets another router have the file; this one must not save any more.
    func unlock() { flock(lock, LOCK_UN) }

    /// The saved split; nil when there is no file. A file that cannot be understood is an error and not a default: the
    /// default could send users to a canary that had been rolled back.
    func load() throws(GrayRouterError) -> SavedSplit? {
        let bytes: [UInt8]
        do {
            bytes = try readSmallFile(path: path, limitBytes: Self.limitBytes)
        } catch {
            if error.code == ENOENT { return nil }
            throw .stateUnusable(path: path, reason: error.reason)
        }
        guard let saved = try? JSONDecoder().decode(SavedSplit.self, from: Data(bytes)) else {
            throw .stateUnusable(path: path, reason: "it is damaged")
        }
        guard saved.format == SavedSplit.currentFormat else {
            throw .stateUnusable(path: path, reason: "its format is \(saved.format), and this program knows 1")
        }
        guard (0...10_000).contains(saved.canaryBasisPoints), (1..<Int.max).contains(saved.revision) else {
            throw .stateUnusable(path: path, reason: "its numbers are out of range")
        }
        return saved
    }

    /// Saves it so that it survives a power cut: the new file is written and synced, put in the old one's place, and the
    /// folder synced. At any moment the path holds the old or the new split, whole.
    func save(_ split: SavedSplit) throws(GrayRouterError) {
        do throws(FileProblem) {
            try write(Self.text(split), to: path + ".tmp")
            guard rename(path + ".tmp", path) == 0 else { throw FileProblem(code: errno) }
            try syncFolder()
        } catch {
            throw .stateUnwritable(path: path, reason: error.reason)
        }
    }

    private static func text(_ split: SavedSplit) -> [UInt8] {
        let fields = "\"canary_basis_points\":\(split.canaryBasisPoints),\"revision\":\(split.revision)"
        let forced = split.forcedTarget.map { ",\"forced\":\"\($0.rawValue)\"" } ?? ""
        return Array("{\"format\":\(split.format),\(fields)\(forced)}\n".utf8)
    }

    private func write(_ bytes: [UInt8], to path: String) throws(FileProblem) {
        // A file that a crash, or another program, left under this name is removed and never written into.
        unlink(path)
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw FileProblem(code: errno) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileProblem(code: errno) }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw FileProblem(code: errno) }
    }

    private func syncFolder() throws(FileProblem) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw FileProblem(code: errno) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw FileProblem(code: errno) }
    }
}

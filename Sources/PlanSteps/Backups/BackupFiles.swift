import Foundation
import Glibc
import Model

/// Files, or folders, that a pattern of paths finds.
struct BackupFiles {
    /// One of them.
    struct Facts: Sendable, Equatable {
        let path: String
        let changedWallMs: Int64
        let sizeBytes: Int64
        let isFolder: Bool
        fileprivate let identity: [UInt64]
    }

    let pattern: String
    let order: BackupWork.Order

    /// The two newest, the newest first. Reads names one after the other, however many there are.
    func newestTwo() -> [Facts] {
        let (folder, last) = parts
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var best: [Facts] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard fnmatch(last, name, FNM_PERIOD | FNM_PATHNAME) == 0,
                let facts = Self.facts(folder == "/" ? "/" + name : folder + "/" + name)
            else { continue }
            // A link to the newest is the same backup once more.
            guard !best.contains(where: { $0.identity == facts.identity }) else { continue }
            best.append(facts)
            best = Array(best.sorted { isNewer($0, $1) }.prefix(2))
        }
        return best
    }

    static func facts(_ path: String) -> Facts? {
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        let type = found.st_mode & S_IFMT
        guard type == S_IFREG || type == S_IFDIR else { return nil }
        return Facts(
            path: path, changedWallMs: Int64(found.st_mtim.tv_sec) * 1_000 + Int64(found.st_mtim.tv_nsec) / 1_000_000,
            sizeBytes: Int64(found.st_size), isFolder: type == S_IFDIR,
            identity: [UInt64(found.st_dev), UInt64(found.st_ino)])
    }

    /// The end of a file; nil where it cannot be read.
    static func end(of path: String, bytes limit: Int) -> [UInt8]? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        guard let size = try? file.seekToEnd() else { return nil }
        let start = size > UInt64(limit) ? size - UInt64(limit) : 0
        guard (try? file.seek(toOffset: start)) != nil else { return nil }
        return (try? file.read(upToCount: limit)).map { Array($0) }
    }

    private var parts: (folder: String, last: String) {
        guard let slash = pattern.lastIndex(of: "/") else { return (".", pattern) }
        let folder = pattern[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(pattern[pattern.index(after: slash)...]))
    }

    private func isNewer(_ left: Facts, _ right: Facts) -> Bool {
        switch order {
        case .time: (left.changedWallMs, left.path) > (right.changedWallMs, right.path)
        case .name: left.path.compare(right.path, options: .numeric) == .orderedDescending
        }
    }
}

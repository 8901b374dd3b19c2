import Foundation
import Model

/// Whether a file could be replaced, found out without touching it.
enum FolderAccess {
    /// Why a new version of the file could not be renamed into its place; nil when nothing speaks against it.
    static func problem(replacing path: String) -> String? {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard access(folder, W_OK | X_OK) != 0 else { return nil }
        return "no file can be replaced in \(ShownText.line(folder, limit: 200)): \(String(cString: strerror(errno)))"
    }
}

extension RouterObservation {
    /// The same observation, of a router that would refuse a change.
    func refusingChanges(because reason: String?) -> RouterObservation {
        guard let reason else { return self }
        var refusing = self
        refusing.isWritable = false
        refusing.problem = [reason, problem].compactMap { $0 }.joined(separator: "; ")
        return refusing
    }
}

import Foundation

/// Keeps, over restarts, how services name the messages that can be changed. The Daemon implements it; nil where nothing is
/// kept. What is lost costs a new message instead of a changed one, so failures are no errors.
package protocol MessageMemory: Sendable {
    /// What was kept last for the receiver; nil where nothing is.
    func load(receiver: String) -> [UInt8]?
    /// Replaces it, whole or not at all.
    func save(_ bytes: [UInt8], receiver: String)
}

extension MessageHandles {
    private struct Kept: Codable {
        let subject: String
        let members: [String: String]
    }

    /// Subjects that are kept over a restart, the newest; what is open then is seldom more than a few.
    static let keptLimit = 200
    /// Of a file that is read.
    static let keptLimitBytes = 1 << 20

    /// As they are kept.
    var bytes: [UInt8] {
        let kept = newest(MessageHandles.keptLimit).map { Kept(subject: $0.subject, members: $0.handle.members) }
        return (try? JSONBody.encode(kept)) ?? []
    }

    /// Empty for bytes that are damaged.
    init(bytes: [UInt8]) {
        self.init()
        guard bytes.count <= MessageHandles.keptLimitBytes, let kept: [Kept] = JSONBody.decode(bytes) else { return }
        for entry in kept.suffix(MessageHandles.keptLimit) { note(MessageHandle(entry.members), of: entry.subject) }
    }
}

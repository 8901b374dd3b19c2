import Notifications
import SystemSupport

/// One file per receiver in the state folder, mode 0600.
struct MessageFiles: MessageMemory {
    let directory: String

    private static let limitBytes = 1 << 20

    private func path(_ receiver: String) -> String { "\(directory)/messages-\(receiver).json" }

    func load(receiver: String) -> [UInt8]? {
        try? RegularFile.read(path(receiver), limitBytes: MessageFiles.limitBytes).bytes
    }

    /// A disk that takes nothing leaves what was kept before.
    func save(_ bytes: [UInt8], receiver: String) {
        // Not flushed: what is lost costs a new message, and a slow disk must not delay deliveries.
        _ = ReplacedFile.write(bytes, to: path(receiver), isFlushed: false)
    }
}

import Foundation
import Notifications

/// One file per receiver in the state folder, mode 0600.
struct MessageFiles: MessageMemory {
    let directory: String

    private func path(_ receiver: String) -> String { "\(directory)/messages-\(receiver).json" }

    func load(receiver: String) -> [UInt8]? {
        guard let data = FileManager.default.contents(atPath: path(receiver)), data.count <= 1 << 20 else { return nil }
        return [UInt8](data)
    }

    func save(_ bytes: [UInt8], receiver: String) {
        let place = path(receiver)
        let next = place + ".next"
        let isMade = FileManager.default.createFile(
            atPath: next, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        guard isMade else { return }
        if rename(next, place) != 0 { try? FileManager.default.removeItem(atPath: next) }
    }
}

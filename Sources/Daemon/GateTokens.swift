import Glibc
import Logging
import Notifications
import Synchronization

/// Makes and checks the one-time tokens of webhook gates. Their key is a file in the state folder, made when it is first needed,
/// so that a token survives a restart of the daemon.
final class GateTokens: Sendable {
    private static let fileName = "gate.key"
    private static let keyBytes = 32

    private let journal: String
    private let path: String?
    private let logger: Logger
    private let key = Mutex<[UInt8]?>(nil)

    /// - Parameters:
    ///   - journal: its identity.
    ///   - directory: of the state; nil for a daemon that keeps none, whose questions have no token.
    init(journal: String, directory: String?, logger: Logger) {
        self.journal = journal
        path = directory.map { "\($0)/\(GateTokens.fileName)" }
        self.logger = logger
    }

    /// Nil when there is no key; the reason is in the log.
    func token(gate id: String) -> String? {
        loadedKey().map { GateToken.make(gate: id, journal: journal, key: $0) }
    }

    func isValid(_ token: String, gate id: String) -> Bool {
        guard let key = loadedKey() else { return false }
        return GateToken.isValid(token, gate: id, journal: journal, key: key)
    }

    private func loadedKey() -> [UInt8]? {
        guard let path else { return nil }
        return key.withLock { key in
            if let key { return key }
            key = GateTokens.read(path) ?? GateTokens.make(path)
            if key == nil {
                logger.warning(
                    "webhook gates: \(path) can be neither read nor made, so that questions have no token for a late answer"
                )
            }
            return key
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: keyBytes + 1)
        let count = Glibc.read(file, &bytes, bytes.count)
        return count == keyBytes ? Array(bytes.prefix(keyBytes)) : nil
    }

    /// Whole or not at all: a key that is only half there would be another one after a restart.
    private static func make(_ path: String) -> [UInt8]? {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<keyBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let draft = "\(path).new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { return nil }
        let isWritten = write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
        close(file)
        guard isWritten, rename(draft, path) == 0 else {
            unlink(draft)
            return nil
        }
        return bytes
    }
}

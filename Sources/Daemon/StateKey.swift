import Glibc
import Logging
import Synchronization
import SystemSupport

/// A secret key of the daemon: a file in the state folder, made when it is first needed, so that what was signed with it
/// survives a restart.
final class StateKey: Sendable {
    private static let byteCount = 32

    private let path: String?
    private let purpose: String
    private let logger: Logger
    private let key = Mutex<[UInt8]?>(nil)

    /// - Parameters:
    ///   - directory: of the state; nil for a daemon that keeps none, which has no key.
    ///   - purpose: what is not possible without the key, for the log.
    init(_ fileName: String, directory: String?, purpose: String, logger: Logger) {
        path = directory.map { "\($0)/\(fileName)" }
        (self.purpose, self.logger) = (purpose, logger)
    }

    /// Nil when there is no key; the reason is in the log.
    var bytes: [UInt8]? {
        guard let path else { return nil }
        return key.withLock { key in
            if let key { return key }
            key = StateKey.read(path) ?? StateKey.make(path)
            if key == nil { logger.warning("\(path) can be neither read nor made, so that \(purpose)") }
            return key
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: byteCount + 1)
        let count = Glibc.read(file, &bytes, bytes.count)
        return count == byteCount ? Array(bytes.prefix(byteCount)) : nil
    }

    /// Whole or not at all: a key that is only half there would be another one after a restart.
    private static func make(_ path: String) -> [UInt8]? {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return ReplacedFile.write(bytes, to: path) == nil ? bytes : nil
    }
}

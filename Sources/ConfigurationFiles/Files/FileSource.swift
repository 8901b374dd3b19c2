import Declarations

/// Where configuration and rule files are read from: the disk, or memory in tests.
package protocol FileSource: Sendable {
    /// The whole file.
    ///
    /// - Parameter limitBytes: A longer file is an error; no more than this is ever held in memory.
    func read(_ path: String, limitBytes: Int) throws(FileError) -> [UInt8]

    /// The files that match a pattern (`*`, `?`, `[a-z]`, per path component), sorted by bytes. A path without any of
    /// these gives itself, whether it exists or not.
    func expand(_ pattern: String) -> [String]
}

/// Why a file cannot be read.
package enum FileError: Error, Sendable, Equatable, CustomStringConvertible {
    case missing
    case tooLarge(limitBytes: Int)
    case unreadable(reason: String)

    /// Without the path, which the message around it names.
    package var description: String {
        switch self {
        case .missing: "there is no such file"
        case .tooLarge(let limitBytes): "the file is larger than \(limitBytes) bytes"
        case .unreadable(let reason): "the file cannot be read: \(reason)"
        }
    }
}

/// Files in memory, for tests and for programs that make up a configuration.
package struct MemoryFiles: FileSource {
    private let files: [String: [UInt8]]

    package init(_ texts: [String: String]) { files = texts.mapValues { Array($0.utf8) } }

    package init(bytes: [String: [UInt8]]) { files = bytes }

    package func read(_ path: String, limitBytes: Int) throws(FileError) -> [UInt8] {
        guard let bytes = files[path] else { throw .missing }
        guard bytes.count <= limitBytes else { throw .tooLarge(limitBytes: limitBytes) }
        return bytes
    }

    package func expand(_ pattern: String) -> [String] {
        guard PathPattern.isPattern(pattern) else { return [pattern] }
        return files.keys.filter { PathPattern.matches(pattern, $0) }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
    }
}

import Declarations
import Glibc

/// The real files.
public struct DiskFiles: FileSource {
    public init() {}

    public func read(_ path: String, limitBytes: Int) throws(FileError) -> [UInt8] {
        // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .unreadable(reason: DiskFiles.reason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(reason: DiskFiles.reason(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(reason: "it is not a regular file") }
        guard status.st_size <= limitBytes else { throw .tooLarge(limitBytes: limitBytes) }
        return try DiskFiles.readAll(descriptor, limitBytes: limitBytes)
    }

    public func expand(_ pattern: String) -> [String] {
        guard PathPattern.isPattern(pattern) else { return [pattern] }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
        let names = (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The size that `fstat` gave may change while the file is read, so the limit is watched here as well.
    private static func readAll(_ descriptor: Int32, limitBytes: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(reason: reason(errno)) }
            if count == 0 { return bytes }
            guard bytes.count + count <= limitBytes else { throw .tooLarge(limitBytes: limitBytes) }
            bytes += chunk[..<count]
        }
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

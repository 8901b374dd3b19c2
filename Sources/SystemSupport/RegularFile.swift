import Glibc

/// Why a file could not be read.
package enum FileReadError: Error, Sendable, Equatable {
    /// An `errno`.
    case system(code: Int32)
    /// It has a NUL byte, where the system would end it.
    case invalidPath
    /// A folder, a pipe, a device.
    case notRegular
    case tooLarge(limitBytes: Int)

    /// For messages, after the path.
    package var reason: String {
        switch self {
        case .system(let code): String(cString: strerror(code))
        case .invalidPath: "the path has a NUL byte"
        case .notRegular: "it is not a regular file"
        case .tooLarge(let limitBytes): "it is larger than \(limitBytes) bytes"
        }
    }
}

/// Reads whole files of bounded size. Waits for the disk, and for nothing else.
package enum RegularFile {
    package struct Content: Sendable {
        package let bytes: [UInt8]
        /// The permissions of `stat`.
        package let permissions: UInt32
    }

    /// - Parameter allowsOthers: takes a pipe or a device too, as far as it has something to read at once.
    package static func read(
        _ path: String, limitBytes: Int, allowsOthers: Bool = false
    ) throws(FileReadError) -> Content {
        guard !path.utf8.contains(0) else { throw .invalidPath }
        // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(code: errno) }
        guard allowsOthers || status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
        guard status.st_size <= limitBytes else { throw .tooLarge(limitBytes: limitBytes) }
        let bytes = try readAll(descriptor, expecting: Int(status.st_size), limitBytes: limitBytes)
        return Content(bytes: bytes, permissions: status.st_mode & 0o7777)
    }

    /// The size that `fstat` gave may change while the file is read, so the limit is checked here as well.
    private static func readAll(
        _ descriptor: Int32, expecting size: Int, limitBytes: Int
    ) throws(FileReadError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(0, size))
        var chunk = [UInt8](repeating: 0, count: min(limitBytes + 1, 64 << 10))
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(code: errno) }
            if count == 0 { return bytes }
            guard bytes.count + count <= limitBytes else { throw .tooLarge(limitBytes: limitBytes) }
            bytes += chunk[..<count]
        }
    }
}

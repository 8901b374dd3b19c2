import Foundation

/// Why a file could not be read or written, as the system describes it.
struct FileProblem: Error, Equatable {
    /// The `errno`, or 0 when the system had no objection.
    let code: Int32
    let reason: String

    init(code: Int32) {
        self.code = code
        reason = String(cString: strerror(code))
    }

    init(_ reason: String) {
        code = 0
        self.reason = reason
    }
}

/// A whole file of at most `limitBytes`.
func readSmallFile(path: String, limitBytes: Int) throws(FileProblem) -> [UInt8] {
    // A FIFO without a writer would hold the open for ever without O_NONBLOCK.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw FileProblem(code: errno) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
        let count = read(file, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw FileProblem(code: errno) }
        guard count > 0 else { return bytes }
        bytes.append(contentsOf: chunk[..<count])
        guard bytes.count <= limitBytes else { throw FileProblem("it is larger than \(limitBytes) bytes") }
    }
}

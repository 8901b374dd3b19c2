import Foundation
import SystemSupport

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

/// A whole file of at most `limitBytes`; also what a pipe or a device has to read at once.
func readSmallFile(path: String, limitBytes: Int) throws(FileProblem) -> [UInt8] {
    do throws(FileReadError) {
        return try RegularFile.read(path, limitBytes: limitBytes, allowsOthers: true).bytes
    } catch {
        if case .system(let code) = error { throw FileProblem(code: code) }
        throw FileProblem(error.reason)
    }
}

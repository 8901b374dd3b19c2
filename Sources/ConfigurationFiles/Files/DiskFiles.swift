import Declarations
import Glibc
import SystemSupport

/// The real files.
package struct DiskFiles: FileSource {
    package init() {}

    package func read(_ path: String, limitBytes: Int) throws(FileError) -> [UInt8] {
        do throws(FileReadError) { return try RegularFile.read(path, limitBytes: limitBytes).bytes } catch {
            switch error {
            case .system(ENOENT): throw .missing
            case .tooLarge(let limitBytes): throw .tooLarge(limitBytes: limitBytes)
            case .system, .invalidPath, .notRegular: throw .unreadable(reason: error.reason)
            }
        }
    }

    package func expand(_ pattern: String) -> [String] {
        guard PathPattern.isPattern(pattern) else { return [pattern] }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
        let names = (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

import Centres
import Foundation
import Model
import SystemSupport

/// The files of a configuration in a folder of this host, laid out as in a centre: `releases/`, `rules/`, `receivers/`.
enum ConfigFolder {
    /// - Throws: `Failure` when there are none, or one cannot be read.
    static func read(_ folder: String) throws -> [CentreFile] {
        guard let names = FileManager.default.enumerator(atPath: folder) else {
            throw Failure.usage("error: there is no folder \(folder)")
        }
        var files: [CentreFile] = []
        for case let path as String in names where CentrePaths.isConfiguration(path) && !isHidden(path) {
            guard names.fileAttributes?[.type] as? FileAttributeType != .typeDirectory else { continue }
            guard files.count < CentreLimits.files else {
                throw Failure.no("error: \(folder) has more than \(CentreLimits.files) files")
            }
            do throws(FileReadError) {
                let bytes = try RegularFile.read("\(folder)/\(path)", limitBytes: CentreLimits.fileBytes).bytes
                files.append(CentreFile(path: path, bytes: bytes))
            } catch { throw Failure.no("error: \(folder)/\(path): \(error.reason)") }
        }
        guard !files.isEmpty else {
            throw Failure.usage(
                "error: \(folder) has no configuration; there are \(CentrePaths.folders.joined(separator: ", ")) and the "
                    + "file \(CentrePaths.whole)")
        }
        return files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// Writes the files; others in the folder stay.
    static func write(_ files: [CentreFile], to folder: String) throws {
        for file in files {
            let path = "\(folder)/\(file.path)"
            do {
                try FileManager.default.createDirectory(
                    atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
                try Data(file.bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
            } catch { throw Failure.unreachable("error: cannot write \(path): \(error.localizedDescription)") }
        }
    }

    private static func isHidden(_ path: String) -> Bool {
        path.split(separator: "/").contains { $0.hasPrefix(".") || $0.hasSuffix("~") }
    }
}

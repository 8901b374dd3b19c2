import ConfigurationFiles
import Foundation

/// What `init` writes. Existing files are never touched, except rule files that are already the ready ones.
struct InitFiles {
    /// The configuration's path.
    let output: String

    /// Where rule files go: `rules` beside the configuration.
    private var folder: URL {
        URL(fileURLWithPath: output).deletingLastPathComponent().appendingPathComponent("rules", isDirectory: true)
    }

    /// - Throws: a refusal that names a file that is there.
    func requireAbsent() throws {
        guard !FileManager.default.fileExists(atPath: output) else {
            throw Failure.no("error: \(output) is there already and is not overwritten; --output names another file")
        }
        for (name, text) in ReadyRules.files {
            let path = folder.appendingPathComponent(name).path
            guard let there = FileManager.default.contents(atPath: path), there != Data(text.utf8) else { continue }
            throw Failure.no(
                "error: \(path) is there already and differs from the ready rules; --output in another folder keeps it")
        }
    }

    /// - Parameter rules: names of ready rule files.
    /// - Returns: the paths that were written.
    func write(configuration: String, rules: [String]) throws -> [String] {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            var written: [String] = []
            for name in rules {
                let file = folder.appendingPathComponent(name)
                guard !FileManager.default.fileExists(atPath: file.path) else { continue }
                try Data((ReadyRules.text(of: name) ?? "").utf8).write(to: file, options: .withoutOverwriting)
                written.append(file.path)
            }
            try Data(configuration.utf8).write(to: URL(fileURLWithPath: output), options: .withoutOverwriting)
            return [output] + written
        } catch {
            throw Failure.unreachable("error: cannot write \(output) and its rules: \(error.localizedDescription)")
        }
    }
}

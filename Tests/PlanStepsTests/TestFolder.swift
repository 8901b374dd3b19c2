import Foundation
import Model

/// A folder that is removed with its owner.
final class TestFolder: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.path + "/steps-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
        return path + "/" + name
    }

    /// The command that runs a script.
    func script(_ text: String) throws -> [String] {
        let file = try write("\(UUID().uuidString).sh", "#!/bin/bash\n\(text)\n")
        // Not as a program of its own: another test that starts one at this moment may still have it open for writing.
        return ["/bin/bash", file]
    }
}

extension StepAnswer {
    var name: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .refused: "refused"
        case .unknown: "unknown"
        case .verified: "verified"
        case .proved: "proved"
        case .notProved: "notProved"
        case .unreadable: "unreadable"
        case .value: "value"
        }
    }
}

func eventually(_ holds: () -> Bool) async -> Bool {
    for _ in 0..<1_000 {
        if holds() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}

import Foundation

/// What it was measured on.
struct Machine: Codable, Sendable {
    var processor: String
    var cores: Int
    var memoryGiB: Int
    /// Averages over a minute.
    var loadBefore: Double
    var loadAfter: Double

    static func here() -> Machine {
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = info.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = model?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        return Machine(
            processor: name ?? "unknown", cores: ProcessInfo.processInfo.activeProcessorCount,
            memoryGiB: Int((Double(ProcessInfo.processInfo.physicalMemory) / 1_073_741_824).rounded()),
            loadBefore: load, loadAfter: load)
    }

    static var load: Double {
        var averages = [0.0]
        return getloadavg(&averages, 1) == 1 ? averages[0] : 0
    }
}

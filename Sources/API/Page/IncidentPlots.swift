import Foundation
import SystemSupport

/// The plots around incidents, a file each in the state folder, so that they are there after a restart and after months.
struct IncidentPlots: Sendable {
    static let folderName = "plots"
    /// The oldest file makes room for a new one: some 60 MB at most, where rules ask for four percentiles with their bounds.
    static let fileLimit = 300
    static let bodyLimitBytes = 1 << 20
    /// What is kept of the time before and after an incident, milliseconds.
    static let beforeMs: Int64 = 5 * 60_000
    static let afterMs: Int64 = 60_000
    /// An incident that stays open is kept up to here.
    static let longestMs: Int64 = 10 * 60_000

    let folder: String

    /// Nil where nothing was kept, or what is there cannot be read.
    func read(_ incident: String) -> [UInt8]? {
        guard let path = path(incident) else { return nil }
        return try? RegularFile.read(path, limitBytes: IncidentPlots.bodyLimitBytes).bytes
    }

    /// Replaces what is kept of the incident. A disk that takes nothing costs the plots and nothing else.
    func write(_ history: ReleaseHistory, incident: String, release: String) {
        guard let path = path(incident) else { return }
        let document = Answer.json(HistoryDocument(history, release: release)).body
        let files = FileManager.default
        try? files.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // Written beside and renamed: a reader, and a crash, find the old file or the new one.
        try? Data(document).write(to: URL(fileURLWithPath: path), options: .atomic)
        prune()
    }

    private func prune() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        guard names.count > IncidentPlots.fileLimit else { return }
        let dated = names.map { name in (name: name, at: modified(name)) }.sorted { $0.at < $1.at }
        for file in dated.prefix(names.count - IncidentPlots.fileLimit) {
            try? FileManager.default.removeItem(atPath: folder + "/" + file.name)
        }
    }

    private func modified(_ name: String) -> Date {
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name)
        return attributes?[.modificationDate] as? Date ?? .distantPast
    }

    /// An incident's id is a release's name and a number; the name may hold what a path must not.
    private func path(_ incident: String) -> String? {
        let name = incident.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(["-", "_"])) ?? ""
        return name.isEmpty || name.utf8.count > 200 ? nil : "\(folder)/\(name).json"
    }
}

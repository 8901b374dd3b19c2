import Model
import Ports

/// The histories of all releases, filled on the reading thread: nothing that decides waits for it.
actor HistoryBook {
    /// Between two points.
    static let period: Duration = .seconds(2)
    /// Releases with a history, the first of the configuration; 65 MB for all of them at the most.
    static let releaseLimit = 500

    private var histories: [String: ReleaseHistory] = [:]
    private let plots: IncidentPlots?
    /// Incidents whose plots are kept already, with whether that was after their end.
    private var kept: [String: Bool] = [:]

    /// - Parameter plots: where the plots around incidents are kept; nil keeps none.
    init(plots: IncidentPlots? = nil) { self.plots = plots }

    nonisolated var unownedExecutor: UnownedSerialExecutor { ReadingExecutor.shared.asUnownedSerialExecutor() }

    /// Adds a point to each release, until the task is cancelled.
    func record(_ operations: any Operations) async {
        while !Task.isCancelled {
            take(await operations.snapshot())
            do { try await Task.sleep(for: HistoryBook.period) } catch { return }
        }
    }

    func take(_ snapshot: Snapshot) {
        let releases = snapshot.releases.prefix(HistoryBook.releaseLimit)
        let names = Set(releases.map(\.name))
        histories = histories.filter { names.contains($0.key) }
        for release in releases {
            histories[release.name, default: ReleaseHistory()].take(release, atWallMs: snapshot.atWallMs)
        }
        keepPlots(snapshot)
    }

    /// Keeps the plots of new incidents at once, and again when what came of them can be seen.
    private func keepPlots(_ snapshot: Snapshot) {
        guard let plots else { return }
        kept = kept.filter { known in snapshot.incidents.contains { $0.id == known.key } }
        for incident in snapshot.incidents {
            guard let history = histories[incident.release], kept[incident.id] != true else { continue }
            let opened = incident.openedWallMs
            let end = min(incident.closedWallMs ?? .max, opened + IncidentPlots.longestMs) + IncidentPlots.afterMs
            let isOver = snapshot.atWallMs >= end
            let around = history.slice(opened - IncidentPlots.beforeMs...end)
            // An incident of before this process has no points here, and maybe a file.
            guard around.points.contains(where: { $0.atWallMs <= opened }) else {
                kept[incident.id] = true
                continue
            }
            guard isOver || kept[incident.id] == nil else { continue }
            kept[incident.id] = isOver
            plots.write(around, incident: incident.id, release: incident.release)
        }
    }

    /// The document of the plots around an incident: the newest where it is still under way, else what was kept.
    func plots(of incident: Incident) -> [UInt8]? {
        let opened = incident.openedWallMs
        let end = min(incident.closedWallMs ?? .max, opened + IncidentPlots.longestMs) + IncidentPlots.afterMs
        let around = (histories[incident.release] ?? ReleaseHistory()).slice(opened - IncidentPlots.beforeMs...end)
        if around.points.contains(where: { $0.atWallMs <= opened }) {
            return Answer.json(HistoryDocument(around, release: incident.release)).body
        }
        return plots?.read(incident.id)
    }

    func history(of release: String) -> ReleaseHistory { histories[release] ?? ReleaseHistory() }
}

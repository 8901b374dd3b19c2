import Model
import Ports

/// The histories of all releases, filled on the reading thread: nothing that decides waits for it.
actor HistoryBook {
    /// Between two points.
    static let period: Duration = .seconds(2)
    /// Releases with a history, the first of the configuration; some 15 MB for all of them.
    static let releaseLimit = 500

    private var histories: [String: ReleaseHistory] = [:]

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
    }

    func history(of release: String) -> ReleaseHistory { histories[release] ?? ReleaseHistory() }
}

import Model

/// Traffic of a canary that was rolled back comes past the routers only where they do not show it: what a router shows is a
/// drift, and is corrected as one by the next read-backs.
struct StrayChecker {
    /// Read-backs in a row, since the rollback was acknowledged, that showed a share of the canary.
    private var drifted: [Int]

    /// A poll may come just before the scrapes say that the baseline is there; more are none that was late.
    private static let readBackLimit = 4

    init(releases: Int) { drifted = Array(repeating: 0, count: releases) }

    mutating func observed(_ call: RouterCall) {
        let isShown = call.truth.indices.contains { index in
            call.isRead[index] && !call.lies[index] && call.truth[index] ?? 0 > 0
        }
        drifted[call.release] = isShown ? drifted[call.release] + 1 : 0
    }

    mutating func turned(release: Int) { drifted[release] = 0 }

    mutating func restarted() { for index in drifted.indices { drifted[index] = 0 } }

    mutating func appended(_ entry: JournalEntry, release: Int) -> String? {
        defer { if case .acknowledged = entry.event { drifted[release] = 0 } }
        let readBacks = drifted[release]
        guard case .strayed = entry.event, readBacks >= StrayChecker.readBackLimit else { return nil }
        return "\(entry.release) is taken to have stray traffic, and \(readBacks) read-backs have shown its share"
    }
}

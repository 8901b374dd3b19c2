import Foundation
import JournalStore
import Model

/// Writes the state folder of a daemon that has run for weeks, through the journal's own interface, so that the file is
/// what a daemon would have written.
struct JournalFill {
    let load: DaemonLoad
    let releases: [String]

    /// Entries of one transaction.
    private static let batchEntries = 1_000
    private static let historyMs: Int64 = 20 * 86_400_000
    private static let entriesPerLife = 10

    /// Fills the folder, which is created where it does not exist.
    ///
    /// - Throws: `JournalError`.
    func write(into directory: String) async throws {
        let journal = try SQLiteJournal(directory: directory)
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        for first in stride(from: 0, to: load.journalEntries, by: JournalFill.batchEntries) {
            let numbers = first..<min(first + JournalFill.batchEntries, load.journalEntries)
            try await journal.append(JournalBatch(entries: numbers.map { entry($0, nowWallMs: now) }))
        }
        let deliveries = load.waiting + DaemonLoad.spareDeliveries
        for first in stride(from: 0, to: deliveries, by: JournalFill.batchEntries) {
            let numbers = first..<min(first + JournalFill.batchEntries, deliveries)
            try await journal.append(
                JournalBatch(deliveries: numbers.map { delivery($0, journal.identity, nowWallMs: now) }))
        }
    }

    /// The newest incident in the journal.
    var newestIncident: String {
        let life = load.journalEntries / JournalFill.entriesPerLife - 1
        return incident(life: max(0, life))
    }

    // MARK: entries

    /// One release after the other has a rollback and is rearmed by an operator, with versions that are gone by now.
    private func entry(_ number: Int, nowWallMs: Int64) -> JournalEntry {
        let (life, step) = number.quotientAndRemainder(dividingBy: JournalFill.entriesPerLife)
        let pauseMs = JournalFill.historyMs / Int64(load.journalEntries)
        return JournalEntry(
            sequence: UInt64(number + 1), wallMs: nowWallMs - Int64(load.journalEntries - number) * pauseMs,
            release: release(life), incident: (2...6).contains(step) || step == 8 ? incident(life: life) : nil,
            event: event(step, life: life, wallMs: nowWallMs))
    }

    private func release(_ life: Int) -> String { releases[life % releases.count] }

    /// As the kernel names it: by the sequence of its first entry, the third of the life.
    private func incident(life: Int) -> String { "\(release(life))-\(life * JournalFill.entriesPerLife + 3)" }

    private func versions(_ life: Int) -> (old: String, new: String) {
        let number = life / releases.count
        return ("2026.\(number)", "2026.\(number + 1)")
    }

    private func event(_ step: Int, life: Int, wallMs: Int64) -> JournalEvent {
        let (old, new) = versions(life)
        func seen(_ basisPoints: Int) -> RouterObservation {
            RouterObservation(instance: "http://router", canaryBasisPoints: basisPoints, level: .loaded)
        }
        switch step {
        case 0: return .began(baseline: old, canary: new)
        case 1: return .alertFiring(alert(life, wallMs: wallMs))
        case 2:
            return .intended(
                IntentRecord(
                    trigger: .rule(alert(life, wallMs: wallMs)), fromVersion: new, toVersion: old,
                    splitBefore: Split(canaryBasisPoints: 1_000), splitWanted: .allBaseline, isDryRun: false))
        case 3: return .applied([RouterReceipt(instance: "http://router", outcome: .accepted)])
        case 4: return .observed([seen(0)])
        case 5: return .provenByTraffic(canaryRate: 0)
        case 6: return .acknowledged
        case 7: return .alertResolved(alert(life, wallMs: wallMs))
        case 8: return .rearmed(by: "operator", reason: "the next version is ready")
        default: return .ended(.replaced)
        }
    }

    private func alert(_ life: Int, wallMs: Int64) -> AlertRecord {
        let (old, new) = versions(life)
        func side(_ version: String, _ value: Double) -> Evidence.Side {
            Evidence.Side(
                version: version, value: value, requests: 10_000, errors: 10_000 * value, healthyTargets: 1, targets: 1)
        }
        return AlertRecord(
            rule: "ErrorRate", action: .rollback, labels: [TextPair("severity", "page")],
            annotations: [TextPair("summary", "the error rate of \(new) is 31%, of \(old) 1%")],
            activeSinceWallMs: wallMs,
            evidence: Evidence(
                indicator: "error_rate", windowMs: 10_000, condition: "canary > 2 * baseline and canary > 1%",
                verdict: .breached, baseline: side(old, 0.01), canary: side(new, 0.31)))
    }

    // MARK: deliveries

    private func delivery(_ number: Int, _ identity: String, nowWallMs: Int64) -> Delivery {
        let (old, new) = versions(number)
        let notification = Notification(
            sequence: UInt64(number + 1), event: .alertFiring, atWallMs: nowWallMs, release: release(number),
            baselineVersion: old, canaryVersion: new, summary: "\(release(number)): ErrorRate is firing",
            alert: alert(number, wallMs: nowWallMs))
        let receiver = DaemonLoad.receiver
        return Delivery(
            id: "\(identity)-\(number + 1)-\(receiver)", receiver: receiver, notification: notification)
    }
}

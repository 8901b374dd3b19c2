import Foundation
import Synchronization

/// Sees everything that goes in and out of the daemon, and says what must not be.
final class Witness: Sendable {
    private struct Seen {
        var history = History()
        var facts: History.Facts
        /// As found after the last kill.
        var rows: [JournalFile.Row] = []
        /// What was delivered: event and body by id.
        var deliveries: [String: (event: String, body: [UInt8])] = [:]
        var violations: [String] = []
        var canaryVersion = ""
        var isLooking = true
    }

    private let journal: JournalFile
    private let seen: Mutex<Seen>

    init(journal: JournalFile, forMs: Int64, longestStepMs: Int64, routers: Int, basisPoints: Int) {
        self.journal = journal
        var facts = History.Facts()
        (facts.forMs, facts.longestStepMs) = (forMs, longestStepMs)
        facts.shares = (0..<routers).map { .init(instance: $0, wallMs: 0, basisPoints: basisPoints) }
        seen = Mutex(Seen(facts: facts))
    }

    var violations: [String] { seen.withLock { $0.violations } }
    /// Acknowledgements that the journal holds.
    var acknowledged: Int { seen.withLock { $0.history.acknowledged } }
    var entries: Int { seen.withLock { $0.rows.count } }
    var delivered: Int { seen.withLock { $0.deliveries.count } }

    static var wallMs: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    func violated(_ text: String) { seen.withLock { $0.violations.append(text) } }

    // MARK: What the world does

    func releases(_ version: String, isSick: Bool) {
        seen.withLock { seen in
            seen.canaryVersion = version
            if isSick { seen.facts.sickVersions.insert(version) }
        }
    }

    func scrapeCame() { seen.withLock { $0.facts.scrapesWallMs.append(Witness.wallMs) } }

    func shareChanges(router: Int, basisPoints: Int) {
        seen.withLock {
            $0.facts.shares.append(.init(instance: router, wallMs: Witness.wallMs, basisPoints: basisPoints))
        }
    }

    // MARK: While the daemon lives

    /// The router is about to take the canary out: the intent is in the journal already.
    func putComes(_ request: RelayedRequest) {
        let version = seen.withLock { $0.canaryVersion }
        guard request.text == #"{"canary_basis_points":0}"# else {
            return violated("the router was asked for \(request.text)")
        }
        do {
            let newest = try journal.newest(of: ["intended", "rearmed"])
            guard let newest, newest.kind == "intended", case .intended(let intent) = try newest.decoded() else {
                return violated("the router was called, and the journal holds no intent (\(newest?.kind ?? "nothing"))")
            }
            if intent.fromVersion != version {
                violated("the router was called for \(version), and the newest intent is of \(intent.fromVersion)")
            }
        } catch {
            violated("the journal cannot be read beside the daemon: \(error)")
        }
    }

    /// A webhook is about to arrive: it is in the outbox, its entry in the journal, and its id always means the same.
    func webhookComes(_ request: RelayedRequest) {
        let id = request.headers["rollguard-delivery"] ?? ""
        let event = request.headers["rollguard-event"] ?? ""
        let earlier = seen.withLock { seen in
            defer { seen.deliveries[id] = (event, request.body) }
            return seen.deliveries[id]
        }
        if let earlier, earlier.event != event || earlier.body != request.body {
            violated("delivery \(id) came as \(earlier.event) and then as another \(event)")
        }
        do {
            if try !journal.holdsDelivery(id) { violated("delivery \(id) (\(event)) is not in the outbox") }
            let parts = id.split(separator: "-")
            guard parts.count == 3, let sequence = Int64(parts[1]), let row = try journal.entry(sequence) else {
                return violated("delivery \(id) (\(event)) has no entry in the journal")
            }
            if !Witness.kinds(of: event).contains(row.kind) {
                violated("delivery \(id) reports \(event) for an entry \(row.kind)")
            }
        } catch {
            violated("the journal cannot be read beside the daemon: \(error)")
        }
    }

    /// The kinds of journal entries that a webhook's event may report.
    private static func kinds(of event: String) -> Set<String> {
        switch event {
        case "rollback_drifted": ["drifted", "strayed"]
        case "rollback_held": ["held", "drift_held", "draining"]
        case "router_recovered": ["router_usable"]
        case "targets_recovered": ["targets_usable"]
        case "plan_stuck": ["plan_step_failed", "plan_step_unknown", "plan_overdue"]
        case "person_needed": ["plan_person_needed", "plan_person_reminded", "plan_step_failed"]
        case "plan_ended": ["plan_ended", "plan_abandoned"]
        case "plan_drift": ["plan_step_drifted"]
        default: [event.hasPrefix("rollback_") ? String(event.dropFirst("rollback_".count)) : event]
        }
    }

    // MARK: After a kill

    /// Reads what the dead daemon left: undamaged, nothing that was there is gone or changed, and the history continues
    /// as it may.
    func daemonDied() {
        do {
            let picture = try journal.afterKill()
            if picture.integrity != "ok" { violated("the journal is damaged: \(picture.integrity)") }
            let (known, facts) = seen.withLock { ($0.rows, $0.facts) }
            if !picture.rows.starts(with: known) { violated("entries that were in the journal are gone or changed") }
            for row in picture.rows.dropFirst(known.count) {
                let wrong = try seen.withLock { try $0.history.take(row, facts) }
                for text in wrong { violated(text) }
            }
            seen.withLock { $0.rows = picture.rows }
            checkDeliveries(picture)
        } catch {
            violated("the journal cannot be opened after the kill: \(error)")
        }
    }

    /// Each id occurs once, and only for an entry that is there.
    private func checkDeliveries(_ picture: JournalFile.Picture) {
        let ids = picture.outbox.map(\.id)
        if Set(ids).count != ids.count { violated("a delivery is in the outbox twice") }
        let delivered = seen.withLock { Set($0.deliveries.keys) }
        for id in delivered.subtracting(ids).sorted() { violated("delivery \(id) is not in the outbox any more") }
        for entry in picture.outbox where entry.state == "delivered" && !delivered.contains(entry.id) {
            violated("delivery \(entry.id) counts as delivered and never came")
        }
    }

    /// The newest entries, for a report.
    var story: String {
        seen.withLock { seen in
            seen.rows.suffix(25).map { "\($0.sequence) \($0.wallMs) \($0.kind) \($0.incident ?? "")" }
                .joined(separator: "\n")
        }
    }
}

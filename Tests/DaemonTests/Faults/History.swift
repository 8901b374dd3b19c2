import Model

/// The journal's story, followed entry by entry as a stranger would: what may follow what.
struct History {
    /// What the world knows and the journal does not.
    struct Facts {
        /// Versions whose canary fails. No other may be rolled back.
        var sickVersions: Set<String> = []
        /// When scrapes of the canary came, wall clock, rising.
        var scrapesWallMs: [Int64] = []
        /// Every change of an instance's split, in order.
        var shares: [ShareChange] = []
        /// `for` of the rule, and the most that one cycle may add to it.
        var forMs: Int64 = 0
        var longestStepMs: Int64 = 0
    }

    struct ShareChange: Sendable {
        let instance: Int
        let wallMs: Int64
        let basisPoints: Int
    }

    private(set) var openIncident: String?
    /// The version that must not come back by itself.
    private(set) var latchedVersion: String?
    private(set) var acknowledged = 0
    private var incidentVersion: String?
    private var isUnproven = false
    private var lastSequence: Int64 = 0

    /// Takes the next entry; gives what is wrong with it.
    mutating func take(_ row: JournalFile.Row, _ facts: Facts) throws -> [String] {
        var wrong: [String] = []
        if row.sequence != lastSequence + 1 { wrong.append("it follows \(lastSequence): an entry is missing") }
        lastSequence = row.sequence
        let event = try row.decoded()
        if event.name != row.kind { wrong.append("its kind is not that of its event") }
        switch event {
        case .began(_, let canary): wrong += began(canary)
        case .intended(let intent): wrong += intended(intent, row, facts)
        case .acknowledged: wrong += acknowledged(row, facts)
        case .drifted, .strayed: wrong += drifted(row)
        // An acknowledgement without a proof may be proven afterwards.
        case .provenByTraffic where openIncident == nil && isUnproven: isUnproven = false
        case .unproven:
            isUnproven = true
            wrong += belongs(row)
        case .rearmed: (latchedVersion, openIncident) = (nil, nil)
        case .alertFiring(let alert): wrong += History.fired(alert, row, facts)
        case .draining, .applied, .observed, .provenByTraffic, .actedBeforeDurable, .abandoned, .fallback:
            wrong += belongs(row)
        // A busy machine may make the baseline appear sick for a moment, so holding is no fault.
        case .held, .driftHeld, .driftOverruled, .ended, .alertResolved, .evidence, .pending: break
        case .routerUnusable, .routerUsable, .rollout, .deployment, .targetsChanged, .targetsUnusable, .targetsUsable:
            break
        case .operatorAcknowledged, .escalated, .silences, .openSubjects, .configured, .procedure, .group,
            .leaderChanged, .wayBackClosed, .wayBackOpened, .schemaBreached, .schemaBreachEnded:
            break
        case .unreadable(_, let reason): wrong.append("it cannot be read: \(reason)")
        }
        return wrong.map { "entry \(row.sequence) (\(row.kind), \(row.incident ?? "no incident")): \($0)" }
    }

    private mutating func began(_ canary: String) -> [String] {
        if latchedVersion == canary { return ["\(canary) is latched and is watched again: the latch is lost"] }
        if incidentVersion == canary, openIncident != nil { return ["the incident of \(canary) is open"] }
        // Another version: the old one's incident and latch are history.
        (openIncident, latchedVersion) = (nil, nil)
        return []
    }

    private mutating func intended(_ intent: IntentRecord, _ row: JournalFile.Row, _ facts: Facts) -> [String] {
        var wrong: [String] = []
        if let openIncident { wrong.append("\(openIncident) is open: two incidents for one release") }
        if latchedVersion == intent.fromVersion { wrong.append("\(intent.fromVersion) is latched already") }
        if !facts.sickVersions.contains(intent.fromVersion) { wrong.append("\(intent.fromVersion) is healthy") }
        if row.incident == nil { wrong.append("it opens no incident") }
        (openIncident, incidentVersion, latchedVersion) = (row.incident, intent.fromVersion, intent.fromVersion)
        return wrong
    }

    private mutating func acknowledged(_ row: JournalFile.Row, _ facts: Facts) -> [String] {
        var wrong = belongs(row)
        openIncident = nil
        acknowledged += 1
        for instance in Set(facts.shares.map(\.instance)).sorted() {
            let before = facts.shares.last { $0.instance == instance && $0.wallMs <= row.wallMs }
            guard let share = before?.basisPoints, share > 0 else { continue }
            wrong.append("router \(instance) gave the canary \(share) basis points then")
        }
        return wrong
    }

    private mutating func drifted(_ row: JournalFile.Row) -> [String] {
        guard let incident = row.incident, openIncident == nil, latchedVersion == incidentVersion else {
            return ["there is nothing that could drift"]
        }
        openIncident = incident
        return []
    }

    private func belongs(_ row: JournalFile.Row) -> [String] {
        row.incident == openIncident ? [] : ["it does not belong to the open incident, \(openIncident ?? "none")"]
    }

    /// `for` counts scrapes, not time: a daemon that was dead or stopped has seen nothing. What was counted before a restart
    /// is kept.
    private static func fired(_ alert: AlertRecord, _ row: JournalFile.Row, _ facts: Facts) -> [String] {
        var wrong: [String] = []
        let cycles = facts.scrapesWallMs.filter { $0 > alert.activeSinceWallMs && $0 <= row.wallMs }.count
        let needed = (facts.forMs + facts.longestStepMs - 1) / facts.longestStepMs
        if cycles < needed {
            wrong.append("\(cycles) scrapes since it is active, and `for` needs \(needed): downtime was counted")
        }
        return wrong
    }
}

import Model

extension IncidentSnapshot {
    /// An incident as its journal entries describe it, for those too old to be in the snapshot. Nil without an intent
    /// among the entries: then it is no incident.
    init?(id: String, entries: [JournalEntry]) {
        var intent: (record: IntentRecord, entry: JournalEntry)?
        for entry in entries {
            if case .intended(let record) = entry.event { intent = (record, entry) }
        }
        guard let intent else { return nil }
        let ending = entries.last { $0.event.endsIncident }
        self.init(
            id: id, release: intent.entry.release, state: IncidentSnapshot.state(of: entries, intent.record),
            isOpen: ending == nil && !intent.record.isDryRun, openedWallMs: intent.entry.wallMs,
            closedWallMs: ending?.wallMs, intent: intent.record,
            timeline: entries.map { .init(atWallMs: $0.wallMs, step: $0.event.word, detail: $0.event.sentence) },
            attempts: entries.count { if case .applied = $0.event { true } else { false } },
            reapplications: entries.count {
                switch $0.event {
                case .drifted, .strayed: true
                default: false
                }
            })
    }

    private static func state(of entries: [JournalEntry], _ intent: IntentRecord) -> State {
        entries.reduce(intent.isDryRun ? .dryRun : .intended) { state, entry in
            switch entry.event {
            case .applied: .applied
            // A proof may come after an acknowledgement that had none.
            case .provenByTraffic where state == .acknowledged: state
            case .observed, .provenByTraffic: .observed
            case .acknowledged: .acknowledged
            case .abandoned: .abandoned
            case .rearmed: state == .acknowledged ? state : .rearmed
            default: state
            }
        }
    }
}

extension JournalEvent {
    fileprivate var endsIncident: Bool {
        switch self {
        case .acknowledged, .rearmed: true
        default: false
        }
    }
}

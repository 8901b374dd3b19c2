import Model

/// Incidents that are over, oldest first, bounded.
struct IncidentHistory: Sendable, Equatable {
    private(set) var incidents: [Incident] = []

    mutating func remember(_ closed: Incident) {
        if incidents.count >= 100 { incidents.removeFirst() }
        incidents.append(closed)
    }

    /// The last one, where its plan is open: no process has ended it.
    var openPlan: Incident? { incidents.last.flatMap { $0.procedure?.isOpen == true ? $0 : nil } }

    mutating func update(_ incident: Incident) {
        guard let index = incidents.lastIndex(where: { $0.id == incident.id }) else { return }
        incidents[index] = incident
    }

    /// The end of a plan or of a group is written when its rollback has just become history.
    mutating func replay(_ entry: JournalEntry) {
        switch entry.event {
        case .procedure, .group: break
        default: return
        }
        guard let index = incidents.lastIndex(where: { $0.id == entry.incident }) else { return }
        incidents[index].apply(entry)
    }
}

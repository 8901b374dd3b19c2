import Model

/// Incidents that are over, oldest first, bounded.
struct IncidentHistory: Sendable, Equatable {
    private(set) var incidents: [Incident] = []

    mutating func remember(_ closed: Incident) {
        if incidents.count >= 100 { incidents.removeFirst() }
        incidents.append(closed)
    }
}

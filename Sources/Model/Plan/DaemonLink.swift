/// Links into the daemon's API, as operators reach it from elsewhere.
public enum DaemonLink {
    /// - Parameters:
    ///   - incident: its id; nil for a link to the status.
    ///   - externalURL: ``DaemonPlan/externalURL``.
    /// - Returns: nil without an external URL.
    public static func to(incident: String?, externalURL: String?) -> String? {
        guard let externalURL else { return nil }
        return externalURL + (incident.map { "/api/v1/incidents/\($0)" } ?? "/api/v1/status")
    }
}

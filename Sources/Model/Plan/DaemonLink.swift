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

    /// To the web page about what a notification is about, for people.
    public static func page(_ notification: Notification, externalURL: String?) -> String? {
        guard let externalURL else { return nil }
        if let incident = notification.incident { return "\(externalURL)/#/incident/\(incident)" }
        return "\(externalURL)/#/release/\(notification.release)"
    }

    /// To the incident, else to the rollout, else to the status.
    public static func to(_ notification: Notification, externalURL: String?) -> String? {
        guard notification.incident == nil, let externalURL, let rollout = notification.rollout else {
            return to(incident: notification.incident, externalURL: externalURL)
        }
        return externalURL + "/api/v1/rollouts/\(rollout)"
    }
}

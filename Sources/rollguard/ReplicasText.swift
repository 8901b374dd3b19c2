import API
import Model
import Support

/// The replicas, for people.
enum ReplicasText {
    /// - Parameter nowWallMs: of the answer.
    static func lines(_ document: ReplicasDocument, nowWallMs: Int64) -> [String] {
        var lines = ["", headline(document)]
        if let problem = document.problem { lines.append("  ! \(document.store): \(problem)") }
        return lines + Columns.laidOut(document.replicas.map { row($0, nowWallMs) }, indent: "  ")
    }

    private static func headline(_ document: ReplicasDocument) -> String {
        guard let leader = document.leader else {
            return "! replicas: none leads; threshold rules still roll back, and nothing is raised"
        }
        let left = document.leaseLeftMs.map { ", lease for \(NumberText.seconds(Double($0) / 1_000))" } ?? ""
        return "replicas: \(leader) leads (token \(document.token)\(left))"
    }

    private static func row(_ replica: ReplicasDocument.Replica, _ nowWallMs: Int64) -> [String] {
        let ageMs = max(0, nowWallMs - replica.lastSeenAt.wallMs)
        return [
            replica.name, replica.leader ? "leader" : "follower", replica.version,
            "seen \(NumberText.seconds(Double(ageMs) / 1_000)) ago",
            (replica.address ?? "") + (replica.answers ? " (this one)" : ""),
        ]
    }
}

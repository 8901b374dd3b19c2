import Foundation
package import Model

/// The group of an incident: who goes back with it.
package struct GroupRunDocument: Codable, Sendable, Equatable {
    package var name: String
    /// `go_without` or `hold`.
    package var onRefusal: String
    /// Something of it is still to be done, or an operator has to see to it.
    package var open: Bool
    /// `asked`, `decided` or `held`.
    package var state: String
    package var text: String
    /// Empty before the decision.
    package var goes: [GroupGoerDocument]
    package var stays: [GroupStayerDocument]

    init(_ run: GroupRun) {
        (name, onRefusal, open, text) = (run.work.group, run.work.onRefusal.rawValue, run.isOpen, run.text)
        state = run.decision.map { $0.isHeld ? "held" : "decided" } ?? "asked"
        goes = (run.decision?.goes ?? []).map { GroupGoerDocument($0, run) }
        stays = (run.decision?.stays ?? []).map { stayer in
            GroupStayerDocument(
                release: stayer.companion.release, daemon: stayer.companion.daemon, reason: stayer.reason,
                refused: stayer.isRefusal)
        }
    }

    enum CodingKeys: String, CodingKey {
        case name, open, state, text, goes, stays
        case onRefusal = "on_refusal"
    }
}

/// A companion that goes back.
package struct GroupGoerDocument: Codable, Sendable, Equatable {
    package var release: String
    /// The address of its daemon; nil for this one.
    @ExplicitNull package var daemon: String?
    package var fromVersion: String
    package var toVersion: String
    /// Its own incident, as its daemon names it; nil while it has not answered that it goes.
    @ExplicitNull package var incident: String?
    /// `goes back (cart-18)`, or why it does not yet.
    package var text: String

    init(_ goer: GroupDecision.Goer, _ run: GroupRun) {
        (release, daemon) = (goer.companion.release, goer.companion.daemon)
        (fromVersion, toVersion) = (goer.versions.from, goer.versions.to)
        (incident, text) = (run.incident(of: goer.companion), run.state(of: goer.companion))
    }

    enum CodingKeys: String, CodingKey {
        case release, daemon, incident, text
        case fromVersion = "from_version"
        case toVersion = "to_version"
    }
}

/// A companion that stays.
package struct GroupStayerDocument: Codable, Sendable, Equatable {
    package var release: String
    @ExplicitNull package var daemon: String?
    package var reason: String
    /// It should go and cannot; false for one that needs nothing.
    package var refused: Bool

    init(release: String, daemon: String?, reason: String, refused: Bool) {
        (self.release, self.reason, self.refused) = (release, reason, refused)
        self.daemon = daemon
    }
}

/// Whose rollback an incident follows.
package struct GroupLinkDocument: Codable, Sendable, Equatable {
    package var name: String
    /// The release that was sick, and its incident, as its daemon names them.
    package var release: String
    package var incident: String

    init(_ link: GroupLink) { (name, release, incident) = (link.group, link.release, link.incident) }
}

/// The body of `POST /api/v1/groups/{name}/prepare` and `…/commit`.
package struct GroupOrderDocument: Codable, Sendable, Equatable {
    package var release: String
    package var sickRelease: String
    package var incident: String
    package var reason: String
    /// Of a commit: what was prepared.
    package var fromVersion: String?
    package var toVersion: String?

    package init(_ order: GroupOrder) {
        (release, sickRelease, incident) = (order.release, order.link.release, order.link.incident)
        reason = String(order.reason.prefix(CommandBody.textLimit))
        if reason.isEmpty { reason = "rolled back" }
        (fromVersion, toVersion) = (order.versions?.from, order.versions?.to)
    }

    package var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts alone always encode.
        return (try? encoder.encode(self)).map { [UInt8]($0) } ?? []
    }

    enum CodingKeys: String, CodingKey {
        case release, incident, reason
        case sickRelease = "sick_release"
        case fromVersion = "from_version"
        case toVersion = "to_version"
    }
}

/// What a companion answers.
package struct GroupAnswerDocument: Codable, Sendable, Equatable {
    /// `ready`, `going`, `idle`, `refused`, `unknown`, `stale` or `held`.
    package var answer: String
    package var text: String
    /// Of `going`.
    package var incident: String?
    /// Of `ready`.
    package var fromVersion: String?
    package var toVersion: String?
    /// The text of an answer that is an error.
    package var error: String?

    init(_ answer: GroupAnswer) {
        switch answer {
        case .ready(let versions):
            self.init("ready", "could go back: \(versions.text)")
            (fromVersion, toVersion) = (versions.from, versions.to)
        case .going(let incident):
            self.init("going", "goes back: \(incident)")
            self.incident = incident
        case .idle(let reason): self.init("idle", reason)
        case .refused(let reason): self.init("refused", reason, isError: true)
        case .unknown(let reason): self.init("unknown", reason, isError: true)
        case .stale(let reason): self.init("stale", reason, isError: true)
        case .held(let reason): self.init("held", reason, isError: true)
        }
    }

    private init(_ answer: String, _ text: String, isError: Bool = false) {
        (self.answer, self.text, error) = (answer, text, isError ? text : nil)
    }

    /// What another daemon's answer says; nil for a body that is none.
    package static func answer(_ body: [UInt8], status: Int) -> GroupAnswer? {
        guard let found = try? JSONDecoder().decode(GroupAnswerDocument.self, from: Data(body)) else {
            let refusal = try? JSONDecoder().decode(ErrorDocument.self, from: Data(body))
            return refusal.map { .unknown(reason: "its daemon answered with status \(status): \($0.error)") }
        }
        switch (found.answer, found.incident, found.fromVersion, found.toVersion) {
        case ("ready", _, let from?, let to?): return .ready(GroupVersions(from: from, to: to))
        case ("going", let incident?, _, _): return .going(incident: incident)
        case ("idle", _, _, _): return .idle(reason: found.text)
        case ("refused", _, _, _): return .refused(reason: found.text)
        case ("stale", _, _, _): return .stale(reason: found.text)
        case ("held", _, _, _): return .held(reason: found.text)
        default: return .unknown(reason: found.text)
        }
    }

    enum CodingKeys: String, CodingKey {
        case answer, text, incident, error
        case fromVersion = "from_version"
        case toVersion = "to_version"
    }
}

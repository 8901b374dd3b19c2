import Logging
import Notifications
import Ports

/// Makes and checks what the daemon signs for others to bring back: the one-time tokens of webhook gates, and the links in
/// messages.
struct GateTokens: Sendable {
    private let journal: String
    private let key: StateKey

    /// - Parameters:
    ///   - journal: its identity.
    ///   - directory: of the state; nil for a daemon that keeps none, whose questions have no token.
    init(journal: String, directory: String?, logger: Logger) {
        self.journal = journal
        key = StateKey(
            "gate.key", directory: directory,
            purpose: "questions of webhook gates have no token for a late answer, and messages have no links that act",
            logger: logger)
    }

    /// Nil when there is no key; the reason is in the log.
    func token(gate id: String) -> String? {
        key.bytes.map { GateToken.make(gate: id, journal: journal, key: $0) }
    }

    func isValid(_ token: String, gate id: String) -> Bool {
        guard let key = key.bytes else { return false }
        return GateToken.isValid(token, gate: id, journal: journal, key: key)
    }

    /// Of a link; nil when there is no key.
    func token(_ target: LinkTarget) -> String? {
        key.bytes.map { ActionLink(target).token(journal: journal, key: $0) }
    }

    func reading(link token: String, nowWallMs: Int64) -> LinkReading {
        guard let key = key.bytes, let link = ActionLink(token: token, journal: journal, key: key) else {
            return .invalid
        }
        return link.target.expiresSeconds > nowWallMs / 1_000 ? .valid(link.target) : .expired(link.target)
    }
}

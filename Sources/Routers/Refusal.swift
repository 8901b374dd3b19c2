import Model
import Ports

/// Why a call did not do what was wanted: what a receipt says, before the instance's name is added.
struct Refusal: Error, Sendable, Equatable {
    let outcome: RouterReceipt.Outcome
    let detail: String

    init(_ outcome: RouterReceipt.Outcome, _ detail: String) {
        self.outcome = outcome
        self.detail = detail
    }

    /// No answer came.
    ///
    /// - Parameter mayHaveActed: whether something that changes the router may have reached it.
    init(_ error: TransportError, mayHaveActed: Bool) {
        let outcome: RouterReceipt.Outcome =
            switch error {
            case .unusable: .rejected
            case .connectFailed, .tls: .unreachable
            case .timedOut, .broken, .bodyTooLarge, .closed: .unknown
            }
        self.init(outcome == .unknown && !mayHaveActed ? .unreachable : outcome, error.description)
    }

    /// A status that is no success.
    static func status(_ status: Int, body: String, hasCredential: Bool) -> Refusal {
        let said = body.isEmpty ? "" : ": \(body)"
        switch status {
        case 401:
            let advice =
                hasCredential ? "the token or password is not accepted" : "the router wants a token or password"
            return Refusal(.rejected, "401, \(advice); check the router's auth settings\(said)")
        case 403:
            return Refusal(.rejected, "403, the token or user has no right to change the split\(said)")
        case 409, 412:
            return Refusal(.conflict, "\(status), another client changed the split at the same time\(said)")
        case 300..<400:
            return Refusal(.rejected, "\(status), a redirect; write the address it leads to\(said)")
        case 400..<500:
            return Refusal(.rejected, "\(status)\(said)")
        case 500...:
            return Refusal(.unknown, "\(status)\(said)")
        default:
            return Refusal(.rejected, "unexpected status \(status)\(said)")
        }
    }
}

extension RouterObservation {
    /// What was read of the settings' canary side, as a share of the canary.
    func aimed(_ aim: RouterAim) -> RouterObservation {
        var seen = self
        seen.canaryBasisPoints = canaryBasisPoints.map(aim.share)
        return seen
    }
}

extension RouterReceipt {
    init(instance: String, _ refusal: Refusal?) {
        self.init(
            instance: instance, outcome: refusal?.outcome ?? .accepted,
            detail: refusal.map { ShownText.line($0.detail) } ?? "")
    }
}

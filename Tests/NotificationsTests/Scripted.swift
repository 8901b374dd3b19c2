import Foundation
import Model
import Ports
import Synchronization

@testable import Notifications

/// Answers from a list and keeps what it was asked. The last answer stays.
final class ScriptedTransport: HTTPTransport {
    enum Answer: Sendable {
        case status(Int, headers: [TextPair] = [], body: String = "")
        case error(TransportError)
    }

    private struct State {
        var answers: [Answer]
        var requests: [HTTPRequest] = []
    }

    private let state: Mutex<State>

    init(_ answers: [Answer]) { state = Mutex(State(answers: answers)) }

    var requests: [HTTPRequest] { state.withLock(\.requests) }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let answer = state.withLock { state -> Answer in
            state.requests.append(request)
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
        }
        switch answer {
        case .status(let status, let headers, let body):
            return HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
        case .error(let error): throw error
        }
    }
}

struct FixedSecret: SecretStore {
    let text: String?

    func secret(_ reference: SecretReference) throws(SecretError) -> String {
        guard let text else { throw SecretError.unreadableFile(path: "/run/key", reason: "No such file or directory") }
        return text
    }
}

extension Model.Notification {
    /// A rollback that a rule asked for.
    static func sample(_ event: Event = .rollbackIntended, atWallMs: Int64 = 1_700_000_000_123) -> Self {
        let evidence = Evidence(
            indicator: "error_rate", windowMs: 60_000, condition: "canary > 1%", verdict: .breached,
            baseline: .init(version: "v1", value: 0.001, requests: 900, errors: 1, healthyTargets: 3, targets: 3),
            canary: .init(version: "v2", value: .infinity, requests: 100, errors: 8, healthyTargets: 2, targets: 2))
        return Self(
            sequence: 2, event: event, atWallMs: atWallMs, release: "checkout", baselineVersion: "v1",
            canaryVersion: "v2", incident: "checkout-2", summary: "v2 is worse \"than\" v1",
            alert: AlertRecord(
                rule: "CanaryErrorRate", action: .rollback, labels: [TextPair("severity", "page")],
                annotations: [TextPair("runbook", "https://wiki.example/x")],
                activeSinceWallMs: atWallMs - 10_000, evidence: evidence),
            splitBefore: Split(canaryBasisPoints: 1_050), splitAfter: .allBaseline,
            timeline: [.init(atWallMs: atWallMs, step: "intended", detail: "CanaryErrorRate")])
    }
}

func json(_ body: [UInt8]?) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(body ?? [])) as? [String: Any] ?? [:]
}

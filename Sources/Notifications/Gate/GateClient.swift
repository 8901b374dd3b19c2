import Crypto
package import Model
package import Ports
import Support

/// Asks a webhook gate, once: a signed POST, whose answer counts only when it says explicitly what is wanted. A status alone,
/// a redirect, a login form and silence are no answer.
package struct GateClient: Sendable {
    /// Larger answers are no answer.
    private static let bodyLimitBytes = 64 << 10

    private let transport: any HTTPTransport
    private let secrets: any SecretStore
    private let clock: any DaemonClock

    package init(transport: any HTTPTransport, secrets: any SecretStore, clock: any DaemonClock) {
        self.transport = transport
        self.secrets = secrets
        self.clock = clock
    }

    /// - Parameter answerURL: where a late answer may be sent; nil when the daemon does not know its own address.
    package func ask(_ question: GateQuestion, answerURL: String?) async -> GateTry {
        let (gate, body): (WebhookGatePlan, [UInt8])
        gate = question.gate
        do { body = try JSONBody.encode(GateDocument(question, answerURL: answerURL)) } catch {
            return .noAnswer("the question could not be encoded as JSON: \(error)")
        }
        var headers = [TextPair("Content-Type", "application/json"), TextPair("Rollguard-Gate", question.id)]
        do throws(SecretError) {
            if let secret = gate.secret {
                headers += Signature.headers(body: body, secret: try secrets.secret(secret), wallMs: clock.wallMs)
            }
        } catch { return .noAnswer("\(error)") }
        let request = HTTPRequest(
            method: "POST", url: gate.url, headers: headers, body: body,
            connectTimeoutMs: min(2_000, gate.timeoutMs), timeoutMs: gate.timeoutMs,
            bodyLimitBytes: GateClient.bodyLimitBytes, security: gate.security)
        do throws(TransportError) { return reply(try await transport.send(request), to: question) } catch {
            return .noAnswer("\(error)")
        }
    }

    private func reply(_ response: HTTPResponse, to question: GateQuestion) -> GateTry {
        switch response.status {
        case 200: GateAnswer.read(response.body, by: question.gate.name, wallMs: clock.wallMs)
        case 202: .later(afterMs: question.gate.everyMs, reason: "it will answer later")
        case 408, 425, 429, 500...599:
            .later(
                afterMs: ServiceAnswer(response: response).retryAfterMs ?? question.gate.everyMs,
                reason: "it answered with status \(response.status)")
        default: .noAnswer("it answered with status \(response.status), which is neither yes nor no")
        }
    }
}

/// The one-time token in a question's `answer_url`: HMAC-SHA256 (RFC 2104) over the journal and the question, so that nothing
/// has to be kept for it. It is good for one answer because the kernel takes one.
package enum GateToken {
    /// - Parameters:
    ///   - journal: identity of the journal, so that a new journal with the same ids has other tokens.
    ///   - key: secret, at least 32 bytes.
    package static func make(gate id: String, journal: String, key: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: message(id, journal), using: SymmetricKey(data: key))
        return Signature.hexadecimal(code)
    }

    /// In a time that depends on nothing in the key.
    package static func isValid(_ presented: String, gate id: String, journal: String, key: [UInt8]) -> Bool {
        guard let code = HexadecimalCode.bytes(presented) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            code, authenticating: message(id, journal), using: SymmetricKey(data: key))
    }

    private static func message(_ id: String, _ journal: String) -> [UInt8] {
        Array("gate-answer/\(journal)/\(id)".utf8)
    }
}

/// An answer's body: `{"answer": "proceed", "reason": "…", "valid_for_seconds": 3600, "retry_after_seconds": 30}`.
package struct GateAnswer: Codable {
    var answer: String
    var reason: String?
    var validForSeconds: Double?
    var retryAfterSeconds: Double?

    enum CodingKeys: String, CodingKey {
        case answer, reason
        case validForSeconds = "valid_for_seconds"
        case retryAfterSeconds = "retry_after_seconds"
    }

    /// Ten years: a longer validity is none that anybody meant.
    private static let longestSeconds = 315_360_000.0

    /// - Parameter by: who answers, as the journal will name it.
    package static func read(_ body: [UInt8], by: String, wallMs: Int64) -> GateTry {
        guard let found: GateAnswer = JSONBody.decode(body) else {
            return .noAnswer("its body is no JSON object with \"answer\"")
        }
        guard let answer = GateReply.Answer(rawValue: found.answer) else {
            let known = GateReply.Answer.allCases.map(\.rawValue).joined(separator: ", ")
            return .noAnswer("it answers \"\(found.answer.prefix(50))\", which is none of \(known)")
        }
        let reason = String((found.reason ?? "").prefix(500))
        if answer == .later {
            let seconds = min(max(1, found.retryAfterSeconds ?? 60), 86_400)
            return .later(afterMs: Int64(seconds * 1_000), reason: reason.isEmpty ? "it will answer later" : reason)
        }
        let until = found.validForSeconds.map { wallMs + Int64(min(max(0, $0), longestSeconds) * 1_000) }
        return .answered(GateReply(answer, by: by, reason: reason, validUntilWallMs: until))
    }
}

/// What a gate is sent.
struct GateDocument: Encodable {
    struct Step: Encodable {
        let index: Int
        let of: Int
        let share: Double
        let next: Double
    }

    struct Versions: Encodable {
        let baseline: String?
        let canary: String
    }

    struct Evidence: Encodable {
        let gate: String
        let open: Bool
        let text: String
    }

    let version = 1
    let gate: String
    let rollout: String
    let service: String
    let step: Step
    let versions: Versions
    let build: String?
    let evidence: [Evidence]
    let askedAt: String
    let answerBy: String
    let answerURL: String?
    let attempt: Int

    init(_ question: GateQuestion, answerURL: String?) {
        gate = question.id
        (rollout, service) = (question.rollout, question.release)
        step = Step(
            index: question.step, of: question.steps, share: Double(question.shareBasisPoints) / 100,
            next: Double(question.nextBasisPoints) / 100)
        versions = Versions(baseline: question.baseline?.version, canary: question.canary.version)
        build = question.canary.build
        evidence = question.evidence.map { Evidence(gate: $0.gate, open: $0.isOpen, text: $0.text) }
        askedAt = "\(WallTime(wallMs: question.askedWallMs))"
        answerBy = "\(WallTime(wallMs: question.answerByWallMs))"
        self.answerURL = answerURL
        attempt = question.attempt
    }

    enum CodingKeys: String, CodingKey {
        case version, gate, rollout, service, step, versions, build, evidence, attempt
        case askedAt = "asked_at"
        case answerBy = "answer_by"
        case answerURL = "answer_url"
    }
}

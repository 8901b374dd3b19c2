import Model
import Ports
import Support

/// Makes a list of calls to one instance, one after the other, and judges their answers.
struct StepRunner: Sendable {
    let address: InstanceAddress
    let transport: any HTTPTransport
    let security: ClientSecurity
    let unixSocket: String?
    let mask: SecretMask

    /// The last answer.
    struct Answer: Sendable {
        let document: JSONValue?
        let response: HTTPResponse
    }

    /// - Throws: ``Refusal`` of the first step that fails; the ones after it are not sent.
    func run(
        _ steps: [CheckedStep], scope start: TemplateScope, deadline: Deadline
    ) async throws(Refusal) -> Answer? {
        var scope = start
        var last: Answer?
        var hasChanged = false
        for (index, step) in steps.enumerated() {
            do {
                let answer = try await call(step, scope, deadline, hasChanged: hasChanged)
                hasChanged = hasChanged || step.isChange
                try judge(step, answer, scope)
                scope.captured.merge(try captures(step, answer)) { _, new in new }
                last = answer
            } catch {
                guard steps.count > 1 else { throw error }
                throw Refusal(error.outcome, "step \(index + 1), \(step.method) \(shown(step, scope)): \(error.detail)")
            }
        }
        return last
    }

    /// The call as people may see it.
    func text(_ step: CheckedStep, _ scope: TemplateScope) -> String {
        var parts = ["\(step.method) \(step.target.shown(address, scope))"]
        for header in step.headers {
            let value = SecretName.matches(header.name) ? Redaction.mask : (try? header.value.text(scope)) ?? ""
            parts.append("\(header.name): \(value)")
        }
        switch security.authorization {
        case .bearer: parts.append("Authorization: Bearer \(Redaction.mask)")
        case .basic: parts.append("Authorization: Basic \(Redaction.mask)")
        case .header(let name, _): parts.append("\(name): \(Redaction.mask)")
        case nil: break
        }
        if let body = step.body { parts.append(shown(body, scope)) }
        return mask.literalsMasked(parts.joined(separator: " "))
    }

    // MARK: One call

    private func call(
        _ step: CheckedStep, _ scope: TemplateScope, _ deadline: Deadline, hasChanged: Bool
    ) async throws(Refusal) -> Answer {
        let limitMs = min(step.timeoutMs, deadline.remainingMs)
        guard limitMs > 0 else { throw Refusal(hasChanged ? .unknown : .unreachable, "no time was left for it") }
        let request = try request(step, scope, limitMs)
        let response: HTTPResponse
        do {
            response = try await transport.send(request)
        } catch {
            throw Refusal(error, mayHaveActed: hasChanged || step.isChange)
        }
        return Answer(document: try? JSONParser.parse(response.body), response: response)
    }

    private func request(
        _ step: CheckedStep, _ scope: TemplateScope, _ limitMs: Int64
    ) throws(Refusal) -> HTTPRequest {
        var headers: [TextPair] = []
        for header in step.headers {
            let value = try header.value.text(scope)
            guard HeaderRules.isValue(value) else {
                throw Refusal(.rejected, "the value for the header \(header.name) holds a control character")
            }
            headers.append(TextPair(header.name, value))
        }
        let hasType = headers.contains { $0.name.lowercased() == "content-type" }
        if let body = step.body, !body.isPlainText, !hasType {
            headers.append(TextPair("Content-Type", "application/json"))
        }
        return HTTPRequest(
            method: step.method, url: try step.target.url(address, scope), headers: headers,
            body: try step.body.map { body throws(Refusal) in Array(try body.text(scope).utf8) },
            unixSocket: unixSocket,
            connectTimeoutMs: limitMs, timeoutMs: limitMs, security: security)
    }

    // MARK: Its answer

    private func judge(_ step: CheckedStep, _ answer: Answer, _ scope: TemplateScope) throws(Refusal) {
        let status = answer.response.status
        guard step.expect.contains(status) else { throw unexpected(step, answer) }
        if let wanted = step.bodyEquals {
            let body = PlainSpace.trim(String(decoding: answer.response.body, as: UTF8.self))
            guard body == wanted else {
                throw Refusal(.rejected, "the body is not \"\(wanted)\" but: \(mask.clean(answer.response.body))")
            }
        }
        for requirement in step.require { try check(requirement, answer, scope) }
    }

    private func unexpected(_ step: CheckedStep, _ answer: Answer) -> Refusal {
        let status = answer.response.status
        let body = mask.clean(answer.response.body)
        if step.conflict.contains(status) {
            return Refusal(.conflict, "\(status), another client changed the split at the same time: \(body)")
        }
        let refusal = Refusal.status(status, body: body, hasCredential: security.authorization != nil)
        // 409 and 412 are conflicts only if the plan says so; a failed read has changed nothing.
        let isUnsure = refusal.outcome == .unknown && step.isChange
        return Refusal(
            isUnsure ? .unknown : .rejected, refusal.outcome == .conflict ? "\(status): \(body)" : refusal.detail)
    }

    private func check(
        _ requirement: CheckedStep.Requirement, _ answer: Answer, _ scope: TemplateScope
    ) throws(Refusal) {
        let wanted = try requirement.equals.value(scope)
        let found = answer.document.flatMap { requirement.pointer.find(in: $0) }
        var value = found
        for filter in requirement.filters {
            guard let before = value else { break }
            value = try? filter.apply(before)
        }
        guard value?.isSame(as: wanted) != true else { return }
        let place = requirement.pointer.text.isEmpty ? "the body" : "\"\(requirement.pointer.text)\" of the answer"
        let shown = value.map { mask.clean($0.encoded) } ?? "missing"
        throw Refusal(
            requirement.isConflict ? .conflict : .rejected,
            "\(place) is \(shown), not \(mask.clean(wanted.encoded))")
    }

    private func captures(_ step: CheckedStep, _ answer: Answer) throws(Refusal) -> [String: JSONValue] {
        var found: [String: JSONValue] = [:]
        for capture in step.capture {
            switch capture.origin {
            case .header(let name):
                guard let value = answer.response.header(name) else {
                    throw Refusal(.rejected, "the answer has no header \(name) for \(capture.variable)")
                }
                found[capture.variable] = .text(value)
            case .pointer(let pointer):
                guard let value = answer.document.flatMap({ pointer.find(in: $0) }) else {
                    throw Refusal(.rejected, "the answer has nothing at \"\(pointer.text)\" for \(capture.variable)")
                }
                found[capture.variable] = value
            }
        }
        return found
    }

    // MARK: Text

    private func shown(_ step: CheckedStep, _ scope: TemplateScope) -> String {
        mask.literalsMasked(step.target.shown(address, scope))
    }

    private func shown(_ body: BodyTemplate, _ scope: TemplateScope) -> String {
        if body.isPlainText { return FormFields.masked((try? body.text(scope)) ?? "") }
        return (try? body.value(scope)).map { $0.withSecretsMasked.encoded } ?? ""
    }
}

extension JSONValue {
    /// Texts of members that are named like secrets become the mask.
    var withSecretsMasked: JSONValue {
        switch self {
        case .list(let items): return .list(items.map(\.withSecretsMasked))
        case .object(let members):
            return .object(
                members.map { member in
                    if case .text = member.value, SecretName.matches(member.name) {
                        return JSONMember(name: member.name, value: .text(Redaction.mask))
                    }
                    return JSONMember(name: member.name, value: member.value.withSecretsMasked)
                })
        case .null, .bool, .number, .text: return self
        }
    }
}

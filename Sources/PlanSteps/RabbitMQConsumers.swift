import Foundation
import Model
import Ports
import Support

/// RabbitMQ has no pause. The user that the canary consumes with loses its right to read, and its connections are closed: it
/// connects again and gets nothing. What it had in hand goes back to the queue.
///
/// Source: rabbitmq.com/docs/management, HTTP API.
struct RabbitMQConsumers: Sendable {
    /// A pattern that no queue has.
    static let nothing = "^$"

    let calls: StepRequests

    func plan(_ work: ConsumersWork) -> String {
        let change = StepRequests.shown(request(work, "PUT", permissions(work)))
        return switch work.action {
        case .pause:
            "\(change) with read \(RabbitMQConsumers.nothing), then "
                + StepRequests.shown(request(work, "DELETE", connections(work)))
        case .resume: "\(change) with read \(work.readPattern)"
        }
    }

    func run(_ work: ConsumersWork, _ call: StepCall) async -> StepAnswer {
        let wanted = work.action == .pause ? RabbitMQConsumers.nothing : work.readPattern
        switch await read(permissions(work), work, call) {
        case .failure(let failure): return failure.answer
        case .success(let found):
            guard let known = found as? [String: Any], let before = known["read"] as? String else {
                return .failed("the permissions of \(work.user ?? "") cannot be read")
            }
            if before != wanted, let problem = await set(known, wanted, work, call) { return problem }
            let text = "the permission to read of \(work.user ?? "") is \(wanted) (it was \(before))"
            return work.action == .pause ? await closed(text, work, call) : .done(text)
        }
    }

    /// - Returns: nil when the permission is set.
    private func set(
        _ known: [String: Any], _ pattern: String, _ work: ConsumersWork, _ call: StepCall
    ) async -> StepAnswer? {
        var change = request(work, "PUT", permissions(work))
        let rights = ["configure", "write"].reduce(into: ["read": pattern]) { $0[$1] = known[$1] as? String ?? "" }
        let data = (try? JSONSerialization.data(withJSONObject: rights, options: [.sortedKeys])) ?? Data()
        change.body = String(decoding: data, as: UTF8.self)
        let answer = await calls.change(change, key: call.key, timeoutMs: call.step.timeoutMs / 3)
        if case .done = answer { return nil }
        return answer
    }

    /// Permissions are looked up when a channel is used, and remembered for some time: only a new connection is sure to feel them.
    private func closed(_ text: String, _ work: ConsumersWork, _ call: StepCall) async -> StepAnswer {
        var answer = StepAnswer.unknown("")
        // RabbitMQ answers 500 when a connection ends by itself while it is being closed; closing again does no harm.
        for _ in 0..<3 {
            answer = await calls.change(
                request(work, "DELETE", connections(work)), key: call.key, timeoutMs: call.step.timeoutMs / 9)
            guard case .unknown = answer else { break }
        }
        guard case .done = answer else { return answer }
        return .done("\(text), and its connections are closed")
    }

    func check(_ work: ConsumersWork, _ call: StepCall) async -> StepAnswer {
        switch await read(permissions(work), work, call) {
        case .failure(let failure): return .unreadable(failure.answer.text)
        case .success(let found):
            guard let pattern = (found as? [String: Any])?["read"] as? String else {
                return .unreadable("the permissions of \(work.user ?? "") cannot be read")
            }
            let isRead = !["", RabbitMQConsumers.nothing].contains(pattern)
            let text = "\(work.user ?? "") may read \(isRead ? pattern : "nothing")"
            guard work.action == .pause else {
                return pattern == work.readPattern ? .proved(text) : .notProved(text)
            }
            return isRead ? .notProved(text) : await consumersAreGone(text, work, call)
        }
    }

    private func consumersAreGone(_ text: String, _ work: ConsumersWork, _ call: StepCall) async -> StepAnswer {
        switch await read("consumers/\(Self.segment(work.virtualHost))", work, call) {
        case .failure(let failure): return .unreadable(failure.answer.text)
        case .success(let found):
            guard let consumers = found as? [[String: Any]] else { return .unreadable("the consumers cannot be read") }
            // A consumer that is new has no details yet.
            let users = consumers.map { ($0["channel_details"] as? [String: Any])?["user"] as? String }
            let count = users.count { $0 == work.user || $0 == nil }
            return count == 0
                ? .proved("\(text), and has no consumer") : .notProved("\(text), and \(count) consumers are left")
        }
    }

    // MARK: Requests

    private func permissions(_ work: ConsumersWork) -> String {
        "permissions/\(Self.segment(work.virtualHost))/\(Self.segment(work.user ?? ""))"
    }

    private func connections(_ work: ConsumersWork) -> String {
        "connections/username/\(Self.segment(work.user ?? ""))"
    }

    private func request(_ work: ConsumersWork, _ method: String, _ path: String) -> StepRequest {
        StepRequest(method: method, url: "\(work.url)/api/\(path)", security: work.security)
    }

    private func read(_ path: String, _ work: ConsumersWork, _ call: StepCall) async -> Result<Any, AnswerFailure> {
        let request = request(work, "GET", path)
        switch await calls.read(request, timeoutMs: call.step.timeoutMs / 3) {
        case .failure(let failure): return .failure(AnswerFailure(.failed(failure.answer.text)))
        case .success(let response):
            let text = "\(StepRequests.shown(request)) answered \(response.status)"
            if [401, 403, 404].contains(response.status) { return .failure(AnswerFailure(.refused(text))) }
            guard response.status == 200,
                let document = try? JSONSerialization.jsonObject(with: Data(response.body))
            else { return .failure(AnswerFailure(.failed(text))) }
            return .success(document)
        }
    }

    /// A segment of a path; the virtual host `/` is `%2F`.
    private static func segment(_ text: String) -> String {
        let allowed = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}

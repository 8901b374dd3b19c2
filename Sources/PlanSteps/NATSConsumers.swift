import Foundation
import Model
import Ports
import Support

/// `$JS.API.CONSUMER.PAUSE` of NATS 2.11 and newer (docs.nats.io, ADR-37). A consumer that is paused gets no message, and those
/// that it has in hand can still be acknowledged.
struct NATSConsumers: Sendable {
    let brokers: (any BrokerTransport)?
    let wallMs: @Sendable () -> Int64

    func plan(_ work: ConsumersWork) -> String {
        let place = "\(work.stream ?? "")/\(work.consumer ?? "") at \(Redaction.url(work.url))"
        return switch work.action {
        case .pause: "pause the consumer \(place) for \(work.pauseMs / 1_000) s"
        case .resume: "let the consumer \(place) continue"
        }
    }

    func run(_ work: ConsumersWork, _ call: StepCall) async -> StepAnswer {
        var body: [String: Any] = [:]
        // JetStream's API is written in Go, which takes RFC 3339.
        if work.action == .pause { body["pause_until"] = WallTime(wallMs: wallMs() + work.pauseMs).description }
        switch await ask("PAUSE", body, work, call) {
        case .failure(let failure): return failure.answer
        case .success(let answer):
            guard let isPaused = answer["paused"] as? Bool else { return .unknown("the answer does not say 'paused'") }
            let until = answer["pause_until"] as? String ?? ""
            return .done(isPaused ? "paused until \(until)" : "not paused")
        }
    }

    func check(_ work: ConsumersWork, _ call: StepCall) async -> StepAnswer {
        switch await ask("INFO", [:], work, call) {
        case .failure(let failure): return .unreadable(failure.answer.text)
        case .success(let answer):
            guard let inHand = answer["num_ack_pending"] as? Int, let waiting = answer["num_pending"] as? Int else {
                return .unreadable("the answer has no 'num_ack_pending'")
            }
            // A server that cannot pause does not have the member.
            let isPaused = answer["paused"] as? Bool ?? false
            let text = "\(isPaused ? "paused" : "not paused"), \(waiting) wait, \(inHand) in hand"
            let isSo = work.action == .pause ? isPaused && inHand == 0 : !isPaused
            return isSo ? .proved(text) : .notProved(text)
        }
    }

    private func ask(
        _ request: String, _ body: [String: Any], _ work: ConsumersWork, _ call: StepCall
    ) async -> Result<[String: Any], AnswerFailure> {
        guard let brokers, var broker = BrokerAddress(work.url) else {
            return .failure(AnswerFailure(.refused("\(Redaction.url(work.url)) is no address of NATS")))
        }
        (broker.security, broker.timeoutMs) = (work.security, call.step.timeoutMs)
        let subject = "$JS.API.CONSUMER.\(request).\(work.stream ?? "").\(work.consumer ?? "")"
        let data = (try? JSONSerialization.data(withJSONObject: body)) ?? Data()
        switch await brokers.ask(subject, body.isEmpty ? [] : [UInt8](data), at: broker) {
        case .failed(let reason): return .failure(AnswerFailure(.failed(reason)))
        case .forbidden(let reason): return .failure(AnswerFailure(.refused(reason)))
        case .lost(let reason): return .failure(AnswerFailure(.unknown(reason)))
        case .answered(let bytes): return NATSConsumers.read(bytes)
        }
    }

    private static func read(_ bytes: [UInt8]) -> Result<[String: Any], AnswerFailure> {
        guard let answer = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else {
            return .failure(AnswerFailure(.unknown("the answer is not JetStream's")))
        }
        guard let error = answer["error"] as? [String: Any] else { return .success(answer) }
        let text = error["description"] as? String ?? "JetStream refuses it"
        // 404 is a stream or a consumer that is not there.
        let isForGood = [400, 404].contains(error["code"] as? Int ?? 0)
        return .failure(AnswerFailure(isForGood ? .refused(text) : .failed(text)))
    }
}

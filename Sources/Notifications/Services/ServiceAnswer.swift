import Model
import Ports

/// What a service answered to one call.
struct ServiceAnswer: Sendable {
    let response: HTTPResponse

    var status: Int { response.status }

    /// The body as JSON; nil where it is none.
    var json: JSONTree? { JSONBody.decode(response.body) }

    /// The beginning of the body in one line. Foreign text, with more than will be shown: a secret in it must be found
    /// whole before the text is cut.
    var line: String {
        String(decoding: response.body.prefix(4_096), as: UTF8.self)
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// `Retry-After` in seconds, bounded. The form with a date is left alone: clocks differ.
    var retryAfterMs: Int64? {
        response.header("Retry-After").flatMap { Double($0) }.flatMap(Self.boundedMs)
    }

    /// A wish to wait, in seconds, as milliseconds between 0 and one hour; nil for what is no time.
    static func boundedMs(seconds: Double) -> Int64? {
        guard seconds.isFinite, seconds >= 0 else { return nil }
        return Int64((min(seconds, 3_600) * 1_000).rounded(.up))
    }
}

/// What an answer means for the delivery. Each kind of service has a pure reader that makes one of an answer, because a
/// status of 200 means success only at some of them.
enum AnswerMeaning: Sendable, Equatable {
    /// The service has the message.
    ///
    /// - handle: how a later call names the message; nil where the service does not say.
    case delivered(handle: MessageHandle? = nil)
    /// A later attempt may succeed. `afterMs` is the service's own wish.
    case retry(String, afterMs: Int64? = nil)
    /// The service will never take this message.
    case refused(String)
    /// The address or the credential is not valid any more: no message can be delivered until it is replaced.
    case gone(String)
    /// The message that was to be changed cannot be changed any more; a new one has to be sent.
    case unchangeable(String)

    /// How long a receiver is left alone whose address or credential is not valid any more.
    static let goneMs: Int64 = 3_600_000

    /// The meaning that follows from the status alone.
    ///
    /// - Parameter gone: statuses that say that the address or the credential is not valid.
    static func ofStatus(_ answer: ServiceAnswer, gone: Set<Int> = []) -> AnswerMeaning {
        let sentence = "it answered with status \(answer.status)"
        let detail = answer.line.isEmpty ? "" : ": \(answer.line)"
        switch answer.status {
        case 200...299: return .delivered()
        case 408, 425, 429, 500...599: return .retry(sentence, afterMs: answer.retryAfterMs)
        case let status where gone.contains(status): return .gone(sentence + detail)
        default: return .refused(sentence + detail)
        }
    }

    /// A body that should say whether the message was taken, and does not: a proxy may have answered.
    static func notUnderstood(_ answer: ServiceAnswer) -> AnswerMeaning {
        .retry("it answered with status \(answer.status) and a body that does not say whether the message was taken")
    }

    var outcome: DeliveryOutcome {
        switch self {
        case .delivered: .delivered
        case .retry(let reason, let afterMs): .retry(reason: reason, afterMs: afterMs)
        case .refused(let reason), .unchangeable(let reason): .refused(reason: reason)
        // Kept, not dropped: the messages go out when the address was replaced.
        case .gone(let reason):
            .retry(
                reason: "its address or credential is not valid any more; replace it and reload the configuration ("
                    + reason + ")", afterMs: Self.goneMs)
        }
    }
}

/// How a service names a message that it has taken: members of its answer, such as `channel` and `ts`.
struct MessageHandle: Sendable, Equatable {
    let members: [String: String]

    init(_ members: [String: String]) { self.members = members }

    subscript(name: String) -> String? { members[name] }
}

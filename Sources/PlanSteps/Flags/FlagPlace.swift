import Foundation
import Model
import Ports
import Support

/// What a place of flags has.
enum FlagReading: Sendable, Equatable {
    /// - isWhole: nothing beside it decides what applications get, such as targeting rules.
    case value(String, isWhole: Bool, shown: String)
    /// It answered, and has no such value.
    case absent(String)
    case unreadable(String)

    /// The state before a change, as far as one value has it.
    var before: String? {
        guard case .value(let value, isWhole: true, _) = self else { return nil }
        return value
    }

    func proof(of variant: String) -> StepAnswer {
        switch self {
        case .value(let value, let isWhole, let shown):
            guard value == variant else { return .notProved("\(shown) has \(value), not \(variant)") }
            guard isWhole else { return .notProved("\(shown) has \(value), and rules that may give another variant") }
            return .proved("\(shown) has \(value); whether applications have read it was not asked")
        case .absent(let text): return .notProved(text)
        case .unreadable(let text): return .unreadable(text)
        }
    }
}

/// A kind of place where flags are. The values that it writes are absolute.
protocol FlagPlace: Sendable {
    /// The exact call, secrets masked.
    func plan(_ work: FlagWork) -> String
    func read(_ work: FlagWork, _ attempt: FlagTry) async -> FlagReading
    /// - Returns: `done`, `failed`, `refused` or `unknown`.
    func set(_ work: FlagWork, _ attempt: FlagTry) async -> StepAnswer
}

/// One call of a step, and the time that it has.
struct FlagTry: Sendable {
    /// Of the answers that are awaited for a server that wants a pause.
    private static let pauseLimit = 5

    let call: StepCall
    let calls: StepRequests
    let clock: any DaemonClock
    private let endNs: Int64

    init(_ call: StepCall, calls: StepRequests, clock: any DaemonClock, timeoutMs: Int64? = nil) {
        (self.call, self.calls, self.clock) = (call, calls, clock)
        endNs = clock.uptimeNs + (timeoutMs ?? call.step.timeoutMs) * 1_000_000
    }

    /// Never less than 1.
    var leftMs: Int64 { max(1, (endNs - clock.uptimeNs) / 1_000_000) }

    /// A try for a reading before the change: it has a quarter of the time, and the change has the rest.
    var beforehand: FlagTry {
        FlagTry(call, calls: calls, clock: clock, timeoutMs: max(1, min(leftMs / 4, 3_000)))
    }

    func document(_ request: StepRequest) async -> Result<[String: Any], AnswerFailure> {
        let shown = StepRequests.shown(request)
        switch await calls.read(request, timeoutMs: leftMs) {
        case .failure(let failure): return .failure(failure)
        case .success(let response):
            guard (200...299).contains(response.status) else {
                return .failure(AnswerFailure(.unreadable("\(shown) answered \(response.status)")))
            }
            guard let value = try? JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any] else {
                return .failure(AnswerFailure(.unreadable("\(shown) is not JSON")))
            }
            return .success(value)
        }
    }

    /// Sends a change, and sends it again after the pause that the server asks for, as long as there is time.
    func change(_ request: StepRequest) async -> Result<HTTPResponse, AnswerFailure> {
        for number in 1... {
            let result = await calls.respond(to: request, key: call.key, timeoutMs: leftMs)
            guard case .success(let response) = result, number < FlagTry.pauseLimit,
                let pauseMs = response.pauseMs, pauseMs < leftMs - 200
            else { return result }
            do { try await clock.sleep(ms: pauseMs) } catch { return result }
        }
        return .failure(AnswerFailure(.failed("no time was left")))
    }

    func answer(_ result: Result<HTTPResponse, AnswerFailure>, to request: StepRequest) -> StepAnswer {
        switch result {
        case .failure(let failure): failure.answer
        case .success(let response): calls.answer(response, request)
        }
    }
}

extension HTTPResponse {
    /// `Retry-After` in seconds, of an answer that asks for a repetition (RFC 9110, section 10.2.3); else nil.
    fileprivate var pauseMs: Int64? {
        guard status == 429 || status == 503 else { return nil }
        let text = headers.first { $0.name.lowercased() == "retry-after" }?.value ?? ""
        return Int64(text.trimmingCharacters(in: .whitespaces)).flatMap { (0...3_600).contains($0) ? $0 * 1_000 : nil }
    }
}

/// Parts of URLs and bodies.
enum FlagText {
    static func segment(_ text: String?) -> String {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
        return (text ?? "").addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }

    /// A name in a pointer (RFC 6901).
    static func pointed(_ name: String?) -> String {
        (name ?? "").replacing("~", with: "~0").replacing("/", with: "~1")
    }

    static func json(_ value: Any) -> String {
        let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

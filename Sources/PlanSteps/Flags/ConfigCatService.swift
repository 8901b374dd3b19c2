import Foundation
import Model
import Ports

/// ConfigCat, by its public management API, version 1.
///
/// `PATCH` and never `PUT`, which deletes all targeting rules. Rules are asked before the value, so each of them gets the value
/// too, and keeps its conditions.
///
/// Source: configcat.com/docs/api, Update value (JSON Patch).
struct ConfigCatService: FlagPlace {
    let secrets: (any SecretStore)?

    private static let rules = ["rolloutRules", "rolloutPercentageItems"]

    func plan(_ work: FlagWork) -> String {
        "PATCH \(url(work))?reason=… (the value, and the value of each rule: \(work.variant == "on"))"
    }

    func read(_ work: FlagWork, _ attempt: FlagTry) async -> FlagReading {
        switch await setting(work, attempt) {
        case .failure(let failure): return .unreadable(failure.text)
        case .success(let setting): return Self.reading(setting, shown: "configcat's \(work.flag)")
        }
    }

    func set(_ work: FlagWork, _ attempt: FlagTry) async -> StepAnswer {
        let setting: [String: Any]
        switch await self.setting(work, attempt) {
        case .failure(let failure): return .failed(failure.text)
        case .success(let found): setting = found
        }
        guard setting["value"] is Bool else { return .refused("the flag '\(work.flag)' is not of on and off") }
        var request: StepRequest
        do throws(AnswerFailure) { request = try self.request("PATCH", work) } catch { return error.answer }
        request.url += "?reason=rollback%20by%20Rollguard"
        request.body = Self.patch(setting, isOn: work.variant == "on")
        return attempt.answer(await attempt.change(request), to: request)
    }

    /// JSON Patch (RFC 6902).
    static func patch(_ setting: [String: Any], isOn: Bool) -> String {
        let places = rules.flatMap { name in
            (0..<((setting[name] as? [Any])?.count ?? 0)).map { "/\(name)/\($0)/value" }
        }
        let operations = (["/value"] + places).map { ["op": "replace", "path": $0, "value": isOn] as [String: Any] }
        return FlagText.json(operations)
    }

    private static func reading(_ setting: [String: Any], shown: String) -> FlagReading {
        guard let value = setting["value"] as? Bool else { return .absent("\(shown) is not of on and off") }
        let others = rules.flatMap { setting[$0] as? [[String: Any]] ?? [] }
        let agree = others.allSatisfy { $0["value"] as? Bool == value }
        return .value(value ? "on" : "off", isWhole: agree, shown: shown)
    }

    private func setting(_ work: FlagWork, _ attempt: FlagTry) async -> Result<[String: Any], AnswerFailure> {
        do throws(AnswerFailure) { return await attempt.document(try request("GET", work)) } catch {
            return .failure(error)
        }
    }

    private func request(_ method: String, _ work: FlagWork) throws(AnswerFailure) -> StepRequest {
        var request = StepRequest(method: method, url: url(work), security: work.security)
        guard let reference = work.sdkKey else { return request }
        guard let secrets else { throw AnswerFailure(.refused("the SDK key cannot be read")) }
        do throws(SecretError) {
            request.headers = [TextPair("X-CONFIGCAT-SDKKEY", try secrets.secret(reference))]
        } catch { throw AnswerFailure(.refused("\(error)")) }
        return request
    }

    /// By the SDK key the flag has its key, by the environment its number.
    private func url(_ work: FlagWork) -> String {
        let environment = work.environment.map { "environments/\(FlagText.segment($0))/" } ?? ""
        return "\(work.url ?? "")/v1/\(environment)settings/\(FlagText.segment(work.flag))/value"
    }
}

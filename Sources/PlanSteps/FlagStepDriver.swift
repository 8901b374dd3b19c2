import Foundation
import Model
import Support
import SystemSupport

/// Sets feature flags to what the baseline does. The values are absolute, so a repetition changes nothing.
struct FlagStepDriver: Sendable {
    let calls: StepRequests

    func plan(_ work: FlagWork) -> String {
        let change = work.provider == .flagdFile ? "in \(work.file ?? "")" : StepRequests.shown(change(work))
        return "flag \(work.flag) -> \(work.variant): \(change)"
    }

    func run(_ work: FlagWork, _ call: StepCall) async -> StepAnswer {
        guard work.provider == .flagdFile else {
            return await calls.change(change(work), key: call.key, timeoutMs: call.step.timeoutMs)
        }
        return FlagdFile(path: work.file ?? "").set(work.flag, to: work.variant)
    }

    func check(_ work: FlagWork, _ call: StepCall) async -> StepAnswer {
        if !work.evaluations.isEmpty { return await checkApplications(work, call) }
        if work.provider == .flagdFile {
            return FlagdFile(path: work.file ?? "").check(at: work.flag, wanted: work.variant)
        }
        return await readBack(work, call)
    }

    // MARK: Services

    private func change(_ work: FlagWork) -> StepRequest {
        let (flag, project, environment) = (
            Self.segment(work.flag), Self.segment(work.project ?? ""), Self.segment(work.environment ?? "")
        )
        let base = work.url ?? ""
        var request = StepRequest(security: work.security)
        switch work.provider {
        case .flagdFile: break
        // docs.getunleash.io, Admin API: toggleFeatureEnvironmentOff.
        case .unleash:
            request.url =
                "\(base)/api/admin/projects/\(project)/features/\(flag)/environments/\(environment)/\(work.variant)"
        // apidocs.launchdarkly.com, Update feature flag, semantic patch.
        case .launchdarkly:
            (request.method, request.url) = ("PATCH", "\(base)/api/v2/flags/\(project)/\(flag)")
            request.headers = [
                TextPair("Content-Type", "application/json; domain-model=launchdarkly.semanticpatch")
            ]
            let kind = work.variant == "on" ? "turnFlagOn" : "turnFlagOff"
            request.body = Self.json([
                "environmentKey": work.environment ?? "", "comment": "rollback by Rollguard",
                "instructions": [["kind": kind]],
            ])
        // docs.growthbook.io/api, toggleFeature.
        case .growthbook:
            request.url = "\(base)/api/v1/features/\(flag)/toggle"
            request.body = Self.json([
                "environments": [work.environment ?? "": work.variant == "on"], "reason": "rollback by Rollguard",
            ])
        }
        return request
    }

    /// Where the service shows the flag, and where in its answer it says on or off.
    func state(_ work: FlagWork) -> HTTPProof {
        let (flag, project, environment) = (
            Self.segment(work.flag), Self.segment(work.project ?? ""), Self.segment(work.environment ?? "")
        )
        let base = work.url ?? ""
        let name = (work.environment ?? "").replacing("~", with: "~0").replacing("/", with: "~1")
        let (url, pointer) =
            switch work.provider {
            case .flagdFile: ("", "")
            case .unleash:
                ("\(base)/api/admin/projects/\(project)/features/\(flag)/environments/\(environment)", "/enabled")
            case .launchdarkly:
                ("\(base)/api/v2/flags/\(project)/\(flag)?env=\(environment)", "/environments/\(name)/on")
            case .growthbook: ("\(base)/api/v1/features/\(flag)", "/feature/environments/\(name)/enabled")
            }
        return HTTPProof(
            request: StepRequest(method: "GET", url: url, security: work.security), pointer: pointer,
            equals: work.variant == "on" ? "true" : "false")
    }

    private func readBack(_ work: FlagWork, _ call: StepCall) async -> StepAnswer {
        let proof = state(work)
        let driver = HTTPStepDriver(calls: calls)
        var call = call
        call.step.work = .http(HTTPWork(request: StepRequest(security: work.security), proof: proof))
        let answer = await driver.check(HTTPWork(request: StepRequest(security: work.security), proof: proof), call)
        guard case .proved(let text) = answer else { return answer }
        return .proved("\(text); whether applications have read it was not asked")
    }

    // MARK: OFREP

    /// Every address has to answer the variant (openfeature.dev, OFREP: evaluate a flag).
    private func checkApplications(_ work: FlagWork, _ call: StepCall) async -> StepAnswer {
        for address in work.evaluations {
            let answer = await ask(address, work, call)
            guard case .proved = answer else { return answer }
        }
        let count = work.evaluations.count
        return .proved(
            "\(count == 1 ? "the address that was asked answers" : "all \(count) addresses answer") \(work.variant)")
    }

    private func ask(_ address: String, _ work: FlagWork, _ call: StepCall) async -> StepAnswer {
        let url = "\(address)/ofrep/v1/evaluate/flags/\(Self.segment(work.flag))"
        let request = StepRequest(
            method: "POST", url: url,
            headers: [TextPair("Content-Type", "application/json")],
            body: Self.json(["context": ["targetingKey": "rollguard-probe"]]), security: work.security)
        switch await calls.read(request, timeoutMs: call.step.timeoutMs) {
        case .failure(let failure): return failure.answer
        case .success(let response):
            let shown = Redaction.url(address)
            guard response.status == 200,
                let document = try? JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]
            else { return .unreadable("\(shown) answered \(response.status) for \(work.flag)") }
            let variant = document["variant"].flatMap(JSONPlace.scalar) ?? ""
            return variant == work.variant
                ? .proved("\(shown) answers \(variant)")
                : .notProved("\(shown) answers \(variant), not \(work.variant)")
        }
    }

    private static func segment(_ text: String) -> String {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }

    private static func json(_ value: [String: Any]) -> String {
        let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

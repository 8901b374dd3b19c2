import Model
import Ports
import Support

/// Services whose flags are switched on and off by one request.
struct SwitchService: FlagPlace {
    func plan(_ work: FlagWork) -> String { StepRequests.shown(change(work)) }

    func read(_ work: FlagWork, _ attempt: FlagTry) async -> FlagReading {
        var (request, pointer) = state(work)
        var result = await attempt.document(request)
        if case .failure(let failure) = result, work.provider == .growthbook, failure.text.hasSuffix("answered 404") {
            request.url = request.url.replacing("/api/v2/", with: "/api/v1/")
            result = await attempt.document(request)
        }
        let shown = StepRequests.shown(request)
        switch result {
        case .failure(let failure): return .unreadable(failure.text)
        case .success(let document):
            switch JSONPlace.text(in: document, at: pointer) {
            case "true": return .value("on", isWhole: true, shown: shown)
            case "false": return .value("off", isWhole: true, shown: shown)
            default: return .absent("\(shown) has no value at \(pointer)")
            }
        }
    }

    func set(_ work: FlagWork, _ attempt: FlagTry) async -> StepAnswer {
        var request = change(work)
        var result = await attempt.change(request)
        guard case .success(let response) = result else { return attempt.answer(result, to: request) }
        switch (work.provider, response.status) {
        // A server before version 2 of its API.
        case (.growthbook, 404):
            request.url = request.url.replacing("/api/v2/", with: "/api/v1/")
            result = await attempt.change(request)
        // Another client changed the flag at the same moment.
        case (.launchdarkly, 409): result = await attempt.change(request)
        case (.launchdarkly, 405):
            return refusal(
                response, request, "approvals are required for this environment; let the token bypass them")
        case (.unleash, 403), (.unleash, 409):
            guard response.said.lowercased().contains("change request") else { break }
            return refusal(
                response, request, "change requests are enabled for this environment; let the token skip them")
        case (.growthbook, 403):
            return refusal(
                response, request, "the key may not publish, or approvals are required and not bypassed for REST")
        default: break
        }
        return attempt.answer(result, to: request)
    }

    private func refusal(_ response: HTTPResponse, _ request: StepRequest, _ advice: String) -> StepAnswer {
        .refused("\(StepRequests.shown(request)) answered \(response.status): \(advice)\(response.said)")
    }

    private func change(_ work: FlagWork) -> StepRequest {
        let (flag, project, environment) = segments(work)
        let base = work.url ?? ""
        var request = StepRequest(security: work.security)
        switch work.provider {
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
            request.body = FlagText.json([
                "environmentKey": work.environment ?? "", "comment": "rollback by Rollguard",
                "instructions": [["kind": kind]],
            ])
        // docs.growthbook.io/api, toggleFeature.
        default:
            request.url = "\(base)/api/v2/features/\(flag)/toggle"
            request.body = FlagText.json([
                "environments": [work.environment ?? "": work.variant == "on"], "reason": "rollback by Rollguard",
            ])
        }
        return request
    }

    /// Where the service shows the flag, and where in its answer it says on or off.
    private func state(_ work: FlagWork) -> (StepRequest, pointer: String) {
        let (flag, project, environment) = segments(work)
        let base = work.url ?? ""
        let name = FlagText.pointed(work.environment)
        let (url, pointer) =
            switch work.provider {
            case .unleash:
                ("\(base)/api/admin/projects/\(project)/features/\(flag)/environments/\(environment)", "/enabled")
            case .launchdarkly:
                ("\(base)/api/v2/flags/\(project)/\(flag)?env=\(environment)", "/environments/\(name)/on")
            default: ("\(base)/api/v2/features/\(flag)", "/feature/environments/\(name)/enabled")
            }
        return (StepRequest(method: "GET", url: url, security: work.security), pointer)
    }

    private func segments(_ work: FlagWork) -> (flag: String, project: String, environment: String) {
        (FlagText.segment(work.flag), FlagText.segment(work.project), FlagText.segment(work.environment))
    }
}

import Foundation
import Model
import Ports

/// Flipt, version 2: a flag is a document that is written whole, with the revision that was read.
///
/// Source: flipt-io/flipt, `rpc/v2/environments/environments.proto`.
struct FliptService: FlagPlace {
    /// How often a document that another client has changed meanwhile is read again.
    private static let conflictLimit = 4

    func plan(_ work: FlagWork) -> String {
        "PUT \(resources(work)) (with the revision that is read first; enabled \(work.variant == "on"), no rollouts)"
    }

    func read(_ work: FlagWork, _ attempt: FlagTry) async -> FlagReading {
        switch await resource(work, attempt) {
        case .failure(let failure): return .unreadable(failure.text)
        case .success(let resource):
            let shown = "flipt's \(work.flag)"
            guard resource.payload["type"] as? String == "BOOLEAN_FLAG_TYPE" else {
                return .absent("\(shown) is not a boolean flag")
            }
            // protojson leaves out what is false.
            let isOn = resource.payload["enabled"] as? Bool ?? false
            return .value(isOn ? "on" : "off", isWhole: resource.rollouts == 0, shown: shown)
        }
    }

    func set(_ work: FlagWork, _ attempt: FlagTry) async -> StepAnswer {
        var last = StepAnswer.failed("no time was left")
        for _ in 0..<FliptService.conflictLimit {
            let resource: Resource
            switch await self.resource(work, attempt) {
            case .failure(let failure): return .failed(failure.text)
            case .success(let found): resource = found
            }
            guard resource.payload["type"] as? String == "BOOLEAN_FLAG_TYPE" else {
                return .refused(
                    "the flag '\(work.flag)' is not a boolean flag: there is no variant for everyone to set")
            }
            let request = update(work, resource)
            let result = await attempt.change(request)
            last = attempt.answer(result, to: request)
            guard case .success(let response) = result, response.status == 409 || response.status == 412 else {
                return last
            }
        }
        return .failed("others keep changing the flag: \(last.text)")
    }

    private struct Resource {
        var payload: [String: Any]
        let revision: String

        /// Rules that are asked before `enabled`.
        var rollouts: Int { (payload["rollouts"] as? [Any])?.count ?? 0 }
    }

    private func resource(_ work: FlagWork, _ attempt: FlagTry) async -> Result<Resource, AnswerFailure> {
        let url = "\(resources(work))/flipt.core.Flag/\(FlagText.segment(work.flag))"
        let request = StepRequest(method: "GET", url: url, security: work.security)
        return await attempt.document(request).flatMap { document in
            guard let payload = (document["resource"] as? [String: Any])?["payload"] as? [String: Any],
                let revision = document["revision"] as? String
            else {
                let text = "\(StepRequests.shown(request)) has no flag with a revision"
                return .failure(AnswerFailure(.unreadable(text)))
            }
            return .success(Resource(payload: payload, revision: revision))
        }
    }

    private func update(_ work: FlagWork, _ resource: Resource) -> StepRequest {
        var payload = resource.payload
        payload["enabled"] = work.variant == "on"
        payload["rollouts"] = [Any]()
        payload["@type"] = payload["@type"] ?? "flipt.core.Flag"
        let body: [String: Any] = ["key": work.flag, "payload": payload, "revision": resource.revision]
        return StepRequest(
            method: "PUT", url: resources(work), body: FlagText.json(body), security: work.security)
    }

    private func resources(_ work: FlagWork) -> String {
        let space = FlagText.segment(work.project ?? "default")
        return
            "\(work.url ?? "")/api/v2/environments/\(FlagText.segment(work.environment))/namespaces/\(space)/resources"
    }
}

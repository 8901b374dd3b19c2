import Foundation
import Model

/// The value that a flag has before a step changes it, so that the change can be undone.
extension FlagStepDriver {
    func value(_ work: FlagWork, _ call: StepCall) async -> StepAnswer {
        guard work.provider == .flagdFile else { return await switchPosition(work, call) }
        return FlagdFile(path: work.file ?? "").value(of: work.flag)
    }

    /// Of the services with on and off.
    private func switchPosition(_ work: FlagWork, _ call: StepCall) async -> StepAnswer {
        let proof = state(work)
        let shown = StepRequests.shown(proof.request)
        switch await calls.read(proof.request, timeoutMs: call.step.timeoutMs) {
        case .failure(let failure): return failure.answer
        case .success(let response):
            guard (200...299).contains(response.status),
                let document = try? JSONSerialization.jsonObject(with: Data(response.body)),
                let value = JSONPlace.text(in: document, at: proof.pointer ?? "")
            else { return .unreadable("\(shown) answered \(response.status), and shows no value of \(work.flag)") }
            return switch value {
            case "true": .value("on")
            case "false": .value("off")
            default: .unreadable("\(shown) has \(value) where on or off should be")
            }
        }
    }
}

extension FlagdFile {
    /// The default variant. A flag with `targeting` has no such value: removing it could not be undone.
    func value(of flag: String) -> StepAnswer {
        let document: [String: Any]
        do throws(AnswerFailure) { document = try read().document } catch { return .unreadable(error.text) }
        guard let definition = (document["flags"] as? [String: Any])?[flag] as? [String: Any],
            let variant = definition["defaultVariant"] as? String
        else { return .unreadable("\(path) has no flag '\(flag)' with a variant") }
        guard (definition["targeting"] as? [String: Any] ?? [:]).isEmpty else {
            return .unreadable("\(flag) has targeting in \(path), which the step would remove and could not set again")
        }
        return .value(variant)
    }
}

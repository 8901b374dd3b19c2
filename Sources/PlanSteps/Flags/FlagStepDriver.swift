import Foundation
import Model
import Ports
import Support
import SystemSupport

/// Sets feature flags to what the baseline does. The values are absolute, so a repetition changes nothing.
struct FlagStepDriver: Sendable {
    let calls: StepRequests
    var clock: any DaemonClock = SystemClock()
    var secrets: (any SecretStore)?
    var exec = ExecStepDriver(runs: nil)
    /// The targets that a release has now; nil for an unknown one.
    var targets: @Sendable (_ release: String) async -> StepTargets? = { _ in nil }

    func plan(_ work: FlagWork) -> String {
        "flag \(work.flag) -> \(work.variant): \(place(of: work).plan(work))"
    }

    /// What the place has before is read first, and is a part of the receipt; a reading that fails keeps no change from being
    /// made.
    func run(_ work: FlagWork, _ call: StepCall) async -> StepAnswer {
        let place = place(of: work)
        let attempt = FlagTry(call, calls: calls, clock: clock)
        let before = await place.read(work, attempt.beforehand).before
        let answer = await place.set(work, attempt)
        // A value that is there already may be that of a try whose answer was lost.
        return answer.changed { StepReceipt.text($0, before: before == work.variant ? nil : before) }
    }

    func check(_ work: FlagWork, _ call: StepCall) async -> StepAnswer {
        let attempt = FlagTry(call, calls: calls, clock: clock)
        var findings: [String] = []
        if !work.evaluations.isEmpty {
            let answer = await checkApplications(work, attempt)
            guard case .proved(let text) = answer else { return answer }
            findings.append(text)
        }
        if let metric = work.metric {
            let answer = await MetricProof(metric: metric, attempt: attempt, targets: targets).check()
            guard case .proved(let text) = answer else { return answer }
            findings.append(text)
        }
        guard findings.isEmpty else { return .proved(findings.joined(separator: "; ")) }
        if work.provider == .flagdFile {
            return FlagdFile(path: work.file ?? "").check(at: work.flag, wanted: work.variant)
        }
        return await place(of: work).read(work, attempt).proof(of: work.variant)
    }

    func reading(_ work: FlagWork, _ call: StepCall) async -> FlagReading {
        await place(of: work).read(work, FlagTry(call, calls: calls, clock: clock))
    }

    private func place(of work: FlagWork) -> any FlagPlace {
        switch work.provider {
        case .flagdFile: FlagdPlace()
        case .unleash, .launchdarkly, .growthbook: SwitchService()
        case .flipt: FliptService()
        case .configcat: ConfigCatService(secrets: secrets)
        case .etcd: EtcdFlag()
        case .redis: RedisFlag(secrets: secrets)
        case .postgresql: DatabaseFlag(exec: exec)
        }
    }

    // MARK: OFREP

    /// Every address has to answer the variant (openfeature.dev, OFREP: evaluate a flag).
    private func checkApplications(_ work: FlagWork, _ attempt: FlagTry) async -> StepAnswer {
        for address in work.evaluations {
            let answer = await ask(address, work, attempt)
            guard case .proved = answer else { return answer }
        }
        let count = work.evaluations.count
        return .proved(
            "\(count == 1 ? "the address that was asked answers" : "all \(count) addresses answer") \(work.variant)")
    }

    private func ask(_ address: String, _ work: FlagWork, _ attempt: FlagTry) async -> StepAnswer {
        let url = "\(address)/ofrep/v1/evaluate/flags/\(FlagText.segment(work.flag))"
        let request = StepRequest(
            method: "POST", url: url, headers: [TextPair("Content-Type", "application/json")],
            body: FlagText.json(["context": ["targetingKey": "rollguard-probe"]]), security: work.security)
        switch await calls.read(request, timeoutMs: attempt.leftMs) {
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
}

/// A file of flagd.
private struct FlagdPlace: FlagPlace {
    func plan(_ work: FlagWork) -> String { "in \(work.file ?? "")" }

    func read(_ work: FlagWork, _ attempt: FlagTry) async -> FlagReading {
        FlagdFile(path: work.file ?? "").reading(of: work.flag)
    }

    func set(_ work: FlagWork, _ attempt: FlagTry) async -> StepAnswer {
        FlagdFile(path: work.file ?? "").set(work.flag, to: work.variant)
    }
}

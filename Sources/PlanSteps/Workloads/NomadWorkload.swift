import Foundation
import Model
import Support

/// A job that is reverted, or a deployment that is failed (developer.hashicorp.com/nomad/api-docs).
struct NomadWorkload {
    let work: WorkloadWork
    let call: StepCall
    let calls: StepRequests

    private var base: String { "\(work.url ?? "")/v1" }
    private var job: String { PathPart.escaped(work.job ?? "") }
    private var query: String { work.namespace == "default" ? "" : "?namespace=\(PathPart.escaped(work.namespace))" }

    var plan: String {
        let what =
            work.failsDeployment
            ? "PUT \(Redaction.url(base))/deployment/fail/<the deployment of \(work.job ?? "")>"
            : "PUT \(Redaction.url(base))/job/\(job)/revert to version \(work.jobVersion ?? 0)"
        return what + query
    }

    func run() async throws(AnswerFailure) -> StepAnswer {
        do throws(AnswerFailure) {
            return work.failsDeployment ? try await failDeployment() : try await revert()
        } catch { throw error.beforeChange }
    }

    private func put(_ path: String, _ body: [String: Any]) async -> StepAnswer {
        let request = StepRequest(
            method: "PUT", url: base + path + query, body: APIObject.json(body), security: work.security)
        return await calls.change(request, key: call.key, timeoutMs: call.step.timeoutMs)
    }

    private func revert() async throws(AnswerFailure) -> StepAnswer {
        let versions = try await versions()
        guard let newest = versions.newest, let current = newest.number("/Version") else {
            return .refused("nomad knows no version of \(work.job ?? "")")
        }
        guard let target = versions.wanted else {
            return .refused("nomad has no version \(work.jobVersion ?? 0) of \(work.job ?? "") any more")
        }
        if newest.runsTheSame(as: target) {
            return .done("version \(current) is the same as version \(work.jobVersion ?? 0)")
        }
        // A version that came in between is not reverted with it.
        return await put(
            "/job/\(job)/revert",
            ["JobID": work.job ?? "", "JobVersion": work.jobVersion ?? 0, "EnforcePriorVersion": current])
    }

    private func failDeployment() async throws(AnswerFailure) -> StepAnswer {
        guard let deployment = try await deployment(), let id = deployment.text("/ID") else {
            return .done("\(work.job ?? "") has no deployment")
        }
        let status = deployment.text("/Status") ?? ""
        guard ["running", "paused", "pending", "blocked", "unblocking"].contains(status) else {
            return .done("the deployment \(id) is \(status) already")
        }
        return await put("/deployment/fail/\(PathPart.escaped(id))", [:])
    }

    func check() async throws(AnswerFailure) -> StepAnswer {
        let deployment = try await deployment()
        let status = deployment?.text("/Status") ?? "none"
        if work.failsDeployment {
            let isUnderWay = ["running", "paused", "pending", "blocked", "unblocking", "initializing"].contains(status)
            let text = "the deployment of \(work.job ?? "") is \(status)"
            return isUnderWay ? .notProved(text) : .proved(text)
        }
        let versions = try await versions()
        guard let newest = versions.newest, let target = versions.wanted else {
            return .unreadable("nomad has no version \(work.jobVersion ?? 0) of \(work.job ?? "")")
        }
        guard newest.runsTheSame(as: target) else {
            return .notProved(
                "version \(newest.text("/Version") ?? "") of \(work.job ?? "") is another one than version \(work.jobVersion ?? 0)"
            )
        }
        // The deployment of an older version says nothing of this one.
        guard deployment?.number("/JobVersion") == newest.number("/Version") else {
            return .notProved("version \(newest.text("/Version") ?? "") of \(work.job ?? "") has no deployment yet")
        }
        let text = "the deployment of version \(newest.text("/Version") ?? "") is \(status)"
        return status == "successful" ? .proved(text) : .notProved(text)
    }

    private func deployment() async throws(AnswerFailure) -> APIObject? {
        (try await calls.json("\(base)/job/\(job)/deployment\(query)", work, call) as? [String: Any]).map(
            APIObject.init)
    }

    private func versions() async throws(AnswerFailure) -> (newest: APIObject?, wanted: APIObject?) {
        let document = try await calls.object("\(base)/job/\(job)/versions\(query)", work, call)
        let all = (document.value["Versions"] as? [[String: Any]] ?? []).map(APIObject.init)
        let newest = all.max { ($0.number("/Version") ?? 0) < ($1.number("/Version") ?? 0) }
        return (newest, all.first { $0.number("/Version") == work.jobVersion })
    }
}

extension APIObject {
    /// A version that was reverted to gets a new number, and has the task groups of the old one.
    fileprivate func runsTheSame(as other: APIObject) -> Bool {
        number("/Version") == other.number("/Version")
            || APIObject.areEqual(value["TaskGroups"], other.value["TaskGroups"])
    }
}

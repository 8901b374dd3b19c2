import Foundation
import Model
import Support

/// A Deployment that is scaled, or brought back to a revision (kubernetes.io, apps/v1).
struct KubernetesWorkload {
    let work: WorkloadWork
    let call: StepCall
    let calls: StepRequests

    private var folder: String {
        "\(work.url ?? "")/apis/apps/v1/namespaces/\(PathPart.escaped(work.namespace))"
    }

    private var address: String { "\(folder)/deployments/\(PathPart.escaped(work.deployment ?? ""))" }

    private var wanted: String {
        work.revision.map { "revision \($0)" } ?? "the newest revision with the image \(work.image ?? "")"
    }

    var plan: String {
        if let replicas = work.replicas { return "\(StepRequests.shown(scale(replicas))) \(scale(replicas).body)" }
        return "PATCH \(Redaction.url(address)), 'spec.template' from the ReplicaSet of \(wanted)"
    }

    private func scale(_ replicas: Int) -> StepRequest {
        StepRequest(
            method: "PATCH", url: "\(address)/scale",
            headers: [TextPair("Content-Type", "application/merge-patch+json")],
            body: APIObject.json(["spec": ["replicas": replicas]]), security: work.security)
    }

    func run() async throws(AnswerFailure) -> StepAnswer {
        if let replicas = work.replicas {
            return await calls.change(scale(replicas), key: call.key, timeoutMs: call.step.timeoutMs)
        }
        let (deployment, template) = try await found()
        if deployment.text("/spec/paused") == "true" {
            return .refused("\(work.deployment ?? "") is paused: a change of its template would not be rolled out")
        }
        if APIObject.areEqual(deployment.template, template) { return .done("it has the template of \(wanted)") }
        let patch: [[String: Any]] = [
            // What was changed after it was read is not overwritten.
            [
                "op": "test", "path": "/metadata/resourceVersion",
                "value": deployment.text("/metadata/resourceVersion") ?? "",
            ],
            ["op": "replace", "path": "/spec/template", "value": template],
        ]
        let request = StepRequest(
            method: "PATCH", url: address, headers: [TextPair("Content-Type", "application/json-patch+json")],
            body: APIObject.json(patch), security: work.security)
        return await calls.change(request, key: call.key, timeoutMs: call.step.timeoutMs)
    }

    private func found() async throws(AnswerFailure) -> (APIObject, [String: Any]) {
        do throws(AnswerFailure) {
            let deployment = try await calls.object(address, work, call)
            return (deployment, try await template(of: deployment))
        } catch { throw error.beforeChange }
    }

    /// What the wanted revision had: there is no call that goes back, so the template is copied, as `kubectl rollout undo` does.
    private func template(of deployment: APIObject) async throws(AnswerFailure) -> [String: Any] {
        let labels = (deployment.value["spec"] as? [String: Any])?["selector"] as? [String: Any]
        let selector = ((labels?["matchLabels"] as? [String: Any]) ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        let list = try await calls.object(
            "\(folder)/replicasets?labelSelector=\(PathPart.escaped(selector))", work, call)
        let own = (list.value["items"] as? [[String: Any]] ?? []).map(APIObject.init)
            .filter { $0.isOwned(by: deployment.text("/metadata/uid")) }
        let matching = own.filter { set in
            if let revision = work.revision { return set.revisions.contains(revision) }
            return set.images.contains(work.image ?? "")
        }
        guard let set = matching.max(by: { $0.currentRevision < $1.currentRevision }), let template = set.template
        else {
            let known = own.map(\.currentRevision).sorted().map(String.init).joined(separator: ", ")
            throw AnswerFailure(
                .refused("\(work.deployment ?? "") has no ReplicaSet of \(wanted); there are the revisions \(known)"))
        }
        return template
    }

    func check() async throws(AnswerFailure) -> StepAnswer {
        let deployment = try await calls.object(address, work, call)
        let status = deployment.rollout
        if let replicas = work.replicas, deployment.number("/spec/replicas") != replicas {
            return .notProved(
                "\(work.deployment ?? "") is to have \(deployment.number("/spec/replicas") ?? 1) replicas, not \(replicas)"
            )
        }
        if work.replicas == nil {
            let template: [String: Any]
            do throws(AnswerFailure) { template = try await self.template(of: deployment) } catch {
                return .unreadable(error.text)
            }
            guard APIObject.areEqual(deployment.template, template) else {
                return .notProved("\(work.deployment ?? "") has another template than \(wanted)")
            }
        }
        return status.isOver
            ? .proved("\(work.deployment ?? ""): \(status.text)")
            : .notProved("\(work.deployment ?? ""): \(status.text)")
    }
}

extension APIObject {
    private static let revision = "/metadata/annotations/deployment.kubernetes.io~1revision"

    fileprivate var currentRevision: Int { number(APIObject.revision) ?? 0 }

    /// With those that it had before: a revision that is gone back to gets a new number.
    fileprivate var revisions: [Int] {
        [currentRevision] + (text(APIObject.revision + "-history") ?? "").split(separator: ",").compactMap { Int($0) }
    }

    /// Without the label that the controller adds.
    fileprivate var template: [String: Any]? {
        guard var template = (value["spec"] as? [String: Any])?["template"] as? [String: Any] else { return nil }
        guard var metadata = template["metadata"] as? [String: Any] else { return template }
        var labels = metadata["labels"] as? [String: Any] ?? [:]
        labels["pod-template-hash"] = nil
        metadata["labels"] = labels
        template["metadata"] = metadata
        return template
    }

    fileprivate var images: [String] {
        let pod = template?["spec"] as? [String: Any]
        return (pod?["containers"] as? [[String: Any]] ?? []).compactMap { $0["image"] as? String }
    }

    fileprivate func isOwned(by uid: String?) -> Bool {
        let owners = (value["metadata"] as? [String: Any])?["ownerReferences"] as? [[String: Any]] ?? []
        return owners.contains { $0["uid"] as? String == uid && uid != nil }
    }

    /// What `kubectl rollout status` waits for.
    fileprivate var rollout: (isOver: Bool, text: String) {
        func count(_ name: String) -> Int { number("/status/\(name)") ?? 0 }
        let wanted = number("/spec/replicas") ?? 1
        guard count("observedGeneration") >= number("/metadata/generation") ?? 0 else {
            return (false, "the controller has not seen the change yet")
        }
        let conditions = ((value["status"] as? [String: Any])?["conditions"] as? [[String: Any]] ?? []).map(
            APIObject.init)
        if let late = conditions.first(where: { $0.text("/reason") == "ProgressDeadlineExceeded" }) {
            return (false, "it does not progress: \(late.text("/message") ?? "")")
        }
        let text =
            "\(count("replicas")) replicas of \(wanted), \(count("updatedReplicas")) updated, "
            + "\(count("availableReplicas")) available"
        let isOver =
            count("replicas") == wanted && count("updatedReplicas") == wanted
            && count("availableReplicas") == wanted
        return (isOver, text)
    }
}

import API
import ArgumentParser

/// Which rollout is meant: by its id, or by its service, whose rollout that is under way is meant then.
struct RolloutChoice: ParsableArguments {
    @Argument(help: "The rollout's id (checkout-r42), or the service's name for the one under way.")
    var rollout: String

    static func named(_ rollout: String) -> RolloutChoice {
        var choice = RolloutChoice()
        choice.rollout = rollout
        return choice
    }

    /// `checkout-r42`.
    static func isID(_ text: String) -> Bool { text.wholeMatch(of: /.+-r[0-9]+/) != nil }

    /// - Throws: ``Failure`` with ``RolloutExit/refused`` when none is under way.
    func find(_ api: DaemonAPI) async throws -> RolloutDocument {
        if let found = try await byID(api) { return found }
        let all = try await rollouts(api)
        if let found = all.running ?? all.queued { return found }
        let last = all.ended.first.map { "; the last one, \($0.id), ended: \($0.end ?? "")" } ?? ""
        throw Failure(code: RolloutExit.refused, text: "error: no rollout of \(rollout) is under way\(last)")
    }

    /// The same, and the last one when none is under way.
    func findNewest(_ api: DaemonAPI) async throws -> RolloutDocument {
        if let found = try await byID(api) { return found }
        let all = try await rollouts(api)
        if let found = all.running ?? all.queued ?? all.ended.first { return found }
        throw Failure(code: RolloutExit.refused, text: "error: \(rollout) has had no rollout yet")
    }

    private func byID(_ api: DaemonAPI) async throws -> RolloutDocument? {
        guard RolloutChoice.isID(rollout) else { return nil }
        let path = RolloutPath.rollout(rollout)
        let response = try await api.response("GET", path, body: nil)
        return response.status == 404 ? nil : try await api.get(path, as: RolloutDocument.self)
    }

    private func rollouts(_ api: DaemonAPI) async throws -> RolloutsDocument {
        try await api.get(RolloutPath.release(rollout, "rollouts"), as: RolloutsDocument.self)
    }
}

/// Paths of the API.
enum RolloutPath {
    static func release(_ name: String, _ verb: String) -> String {
        "/api/v1/releases/\(DaemonAPI.escaped(name))/\(verb)"
    }

    static func rollout(_ id: String) -> String { "/api/v1/rollouts/\(DaemonAPI.escaped(id))" }

    static func rollout(_ id: String, _ verb: String) -> String { rollout(id) + "/\(verb)" }
}

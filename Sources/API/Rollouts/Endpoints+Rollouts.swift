import Model

/// What shows rollouts.
extension Endpoints {
    func rollout(_ id: String) async -> Answer {
        let shown = await operations.snapshot()
        guard let found = Endpoints.find(id, in: shown) else { return Endpoints.unknownRollout(id, shown.releases) }
        return await desk.make {
            var answer = Answer.json(RolloutDocument(found.rollout, in: found.snapshot))
            answer.headers.append((.eTag, "\"\(found.rollout.tag)\""))
            return answer
        }
    }

    func rollouts(_ name: String) async -> Answer {
        let shown = await operations.snapshot()
        if let unit = shown.units.first(where: { $0.name == name }) {
            return await desk.make { .json(RolloutsDocument(unit.rollout)) }
        }
        guard let release = shown.releases.first(where: { $0.name == name }) else {
            return Endpoints.unknownRelease(
                name, in: shown, known: shown.units.map(\.name) + shown.releases.map(\.name))
        }
        guard let snapshot = release.rollout else {
            return .error(
                "the release \(name) has no `steps`: it is watched, and nothing is led", status: .notFound, asJSON: true
            )
        }
        return await desk.make { .json(RolloutsDocument(snapshot)) }
    }

    /// Answers when there are events after the given one, when the rollout is over, or when the wait is.
    func rolloutEvents(_ call: Route.Call) async -> Answer {
        let after = UInt64(call.query["after"] ?? "0")
        let seconds = Double(call.query["wait_seconds"] ?? "0")
        guard let after, let seconds, (0...EventWaiters.longestSeconds).contains(seconds) else {
            let most = Int(EventWaiters.longestSeconds)
            return .error(
                "`after` takes the sequence of an event, `wait_seconds` 0 to \(most)", status: .badRequest, asJSON: true
            )
        }
        return await waiters.wait(seconds: seconds) {
            let shown = await operations.snapshot()
            guard let found = Endpoints.find(call.name, in: shown) else {
                return (Endpoints.unknownRollout(call.name, shown.releases), true)
            }
            let document = RolloutEventsDocument(found.rollout, in: found.snapshot, after: after)
            var answer = await desk.make { .json(document) }
            answer.headers.append((.eTag, "\"\(found.rollout.tag)\""))
            return (answer, !document.events.isEmpty || found.rollout.isOver)
        }
    }

    /// The rollout with that id: a unit's before those of its parts, which have the same one.
    static func find(_ id: String, in shown: Snapshot) -> (rollout: Rollout, snapshot: RolloutSnapshot)? {
        for snapshot in shown.units.map(\.rollout) + shown.releases.compactMap(\.rollout) {
            if let rollout = snapshot.rollout(id) { return (rollout, snapshot) }
        }
        return nil
    }

    static func unknownRollout(_ id: String, _ releases: [ReleaseSnapshot]) -> Answer {
        let known = releases.compactMap(\.rollout).flatMap { snapshot in
            [snapshot.running, snapshot.queued].compactMap { $0 } + snapshot.ended
        }
        var ids: [String] = []
        for rollout in known where !ids.contains(rollout.id) { ids.append(rollout.id) }
        return unknown("rollout", id, known: ids)
    }
}

extension Route {
    /// How a release is led.
    static let rollouts: [Route] = [
        Route(.get, "/api/v1/releases/{name}/rollouts", "The rollouts of a release, and which version is where") {
            endpoints, call in
            await endpoints.rollouts(call.name)
        },
        Route(.post, "/api/v1/releases/{name}/prepare", "Reserve the free place for a version", needs: .release) {
            await $0.prepare($1)
        },
        Route(
            .post, "/api/v1/releases/{name}/begin", "Begin the rollout of a version that is deployed", needs: .release
        ) {
            await $0.begin($1)
        },
        Route(.post, "/api/v1/releases/{name}/freeze", "Nothing of a release goes up until `unfreeze`") {
            await $0.freeze($1)
        },
        Route(.post, "/api/v1/releases/{name}/unfreeze", "End the freeze of a release") { await $0.unfreeze($1) },
        Route(.post, "/api/v1/freeze", "Nothing of any release goes up until `unfreeze`") { await $0.freezeAll($1) },
        Route(.post, "/api/v1/unfreeze", "End the freeze of all releases") { await $0.unfreezeAll($1) },
        Route(.get, "/api/v1/rollouts/{id}", "One rollout in its present state") { endpoints, call in
            await endpoints.rollout(call.name)
        },
        Route(.get, "/api/v1/rollouts/{id}/events", "What happened to a rollout; waits for the next event") {
            await $0.rolloutEvents($1)
        },
        Route(.post, "/api/v1/rollouts/{id}/pause", "Nothing goes up until `resume`", needs: .release) {
            await $0.pause($1)
        },
        Route(.post, "/api/v1/rollouts/{id}/resume", "End a pause, and the halts that an operator has to end") {
            await $0.resume($1)
        },
        Route(.post, "/api/v1/rollouts/{id}/approve", "Approve a step", needs: .approve) { await $0.approve($1) },
        Route(.post, "/api/v1/rollouts/{id}/deny", "Refuse a step its approval; halts, or rolls back", needs: .approve)
        {
            await $0.deny($1)
        },
        Route(.post, "/api/v1/rollouts/{id}/promote", "Pass a step although gates are closed, or end the baking") {
            await $0.promote($1)
        },
        Route(
            .post, "/api/v1/rollouts/{id}/abort", "End a rollout and take its version out, without a verdict",
            needs: .release
        ) {

            await $0.abort($1)
        },
        Route(
            .post, "/api/v1/gates/{gate}/answer", "A webhook gate's late answer", needs: .approve,
            acceptsGateToken: true
        ) {
            await $0.answerGate($1)
        },
    ]
}

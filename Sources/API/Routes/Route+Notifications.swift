extension Route {
    /// What operators do about notifications.
    static let notifications: [Route] = [
        Route(
            .post, "/api/v1/acknowledge/{subject}",
            "Take charge of an incident, a rollout or a release: nothing of it is escalated any more"
        ) {
            await $0.acknowledge($1)
        },
        Route(.get, "/api/v1/silences", "The silences in force") { endpoints, _ in await endpoints.silences() },
        Route(
            .post, "/api/v1/silences", "Hide notifications for a while; a rollback that does not get through is shown"
        ) {
            await $0.addSilence($1)
        },
        Route(.post, "/api/v1/silences/{id}/end", "End a silence") { await $0.endSilence($1) },
    ]
}

extension Route {
    /// All there is, in the order in which people are shown it.
    static let all = releases + rollouts + plans + groups + notifications + centre + others + page

    private static let releases: [Route] = [
        Route(.get, "/", "The page in a browser; else this list") { endpoints, call in endpoints.index(call) },
        Route(.get, "/api/v1/status", "Everything at a glance") { endpoints, _ in await endpoints.status() },
        Route(.get, "/api/v1/releases", "All releases") { endpoints, _ in await endpoints.releases() },
        Route(.get, "/api/v1/releases/{name}", "One release") { endpoints, call in
            await endpoints.release(call.name)
        },
        Route(.post, "/api/v1/releases/{name}/rollback", "Roll a release back, in whatever state it is") {
            await $0.rollback($1)
        },
        Route(.post, "/api/v1/releases/{name}/rearm", "Clear a release's latch after a rollback") {
            await $0.rearm($1)
        },
    ]

    private static let others: [Route] = [
        Route(.get, "/api/v1/incidents", "The newest incidents") { endpoints, _ in await endpoints.incidents() },
        Route(.get, "/api/v1/incidents/{id}", "One incident with its whole evidence") { endpoints, call in
            await endpoints.incident(call.name)
        },
        Route(.get, "/api/v1/deliveries", "Notifications that wait for a receiver or were given up") { endpoints, _ in
            await endpoints.deliveries()
        },
        Route(.post, "/api/v1/deliveries/resend", "Deliver notifications of a receiver again, or one by its id") {
            await $0.resendDeliveries($1)
        },
        Route(.post, "/api/v1/deliveries/drop", "Take notifications of a receiver out for good, or one by its id") {
            await $0.dropDeliveries($1)
        },
        Route(.get, "/api/v1/rules", "All rules, in the shape of Prometheus' API") { endpoints, _ in
            await endpoints.rules()
        },
        Route(.get, "/api/v1/alerts", "Pending and firing alerts, in the shape of Prometheus' API") { endpoints, _ in
            await endpoints.alerts()
        },
        Route(.get, "/api/v1/targets", "Targets and their sources, in the shape of Prometheus' API") { endpoints, _ in
            await endpoints.targets()
        },
        Route(.get, "/api/v1/replicas", "The daemons that watch the same releases, and which of them leads") {
            endpoints, _ in
            await endpoints.replicas()
        },
        Route(.get, "/api/v1/fleet", "The members of a fleet, and which of them leads and watches each release") {
            endpoints, _ in
            await endpoints.fleet()
        },
        Route(.post, "/api/v1/reload", "Read the configuration again; everything or nothing changes") { endpoints, _ in
            await endpoints.reload(asJSON: true)
        },
        Route(.get, "/api/v1/openapi.json", "This API as an OpenAPI 3.1 document") { endpoints, _ in
            endpoints.openAPI()
        },
        Route(.get, "/metrics", "Rollguard's own metrics, Prometheus text format") { endpoints, _ in
            await endpoints.metrics()
        },
        Route(.get, "/-/healthy", "200 while the process answers") { endpoints, _ in endpoints.healthy() },
        Route(.get, "/-/ready", "200 when every release has completed a scrape cycle, else 503 and why") {
            endpoints, _ in
            await endpoints.ready()
        },
        Route(.post, "/-/reload", "The same as /api/v1/reload, answered as text") { endpoints, _ in
            await endpoints.reload(asJSON: false)
        },
    ]
}

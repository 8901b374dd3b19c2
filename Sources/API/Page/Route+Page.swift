/// The page for people, and its session.
extension Route {
    static let page: [Route] = [
        Route(.get, "/ui/page.css", "The page's style sheet") { _, _ in Endpoints.style() },
        Route(.get, "/ui/page.js", "The page's script") { _, _ in Endpoints.script() },
        Route(.get, "/ui/plots.js", "The page's plots") { _, _ in Endpoints.plots() },
        Route(.get, "/ui/icon.svg", "The page's icon") { _, _ in Endpoints.icon() },
        Route(.get, "/api/v1/releases/{name}/history", "The last 15 minutes of a release, for plots") {
            endpoints, call in
            await endpoints.history(call.name)
        },
        Route(.get, "/api/v1/incidents/{id}/history", "The plots around an incident") { endpoints, call in
            await endpoints.incidentHistory(call.name)
        },
        Route(.get, "/api/v1/incidents/{id}/report", "An incident as a signed HTML file") { endpoints, call in
            await endpoints.report(call.name)
        },
        Route(.get, "/api/v1/report-key", "The public key that verifies reports, Ed25519 in base64") { endpoints, _ in
            endpoints.publicKey()
        },
        Route(.get, "/api/v1/stream", "Server-sent events: the status, or one release, whenever it changes") {
            await $0.stream($1)
        },
        Route(
            .post, "/api/v1/links/read", "What a link of a message does; its token allows the call", isOfLink: true
        ) { await $0.readLink($1) },
        Route(
            .post, "/api/v1/links/use", "Do what a link of a message does; its token allows the call", isOfLink: true
        ) { await $0.useLink($1) },
        Route(.get, "/api/v1/session", "Who calls, and what they may change", isOfSession: true) { endpoints, call in
            endpoints.session(call)
        },
        Route(.post, "/api/v1/session", "Sign a browser in with a token", isOfSession: true) { endpoints, call in
            endpoints.signIn(call)
        },
        Route(.post, "/api/v1/session/end", "Sign a browser out", isOfSession: true) { endpoints, call in
            endpoints.signOut(call)
        },
    ]
}

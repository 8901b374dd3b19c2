extension LiveRouter {
    /// Caddy 2.11, from the local environment.
    static let caddyWeights = caddy("2.11, weights", section: nil, program: venv("caddy"), file: "caddy.json")

    /// Debian's Caddy 2.6.
    static let caddyUpstreams = caddy(
        "2.6, upstreams", section: "26", program: "/usr/bin/caddy", file: "caddy-26.json")

    private static func caddy(_ variant: String, section: String?, program: String, file: String) -> LiveRouter {
        var router = LiveRouter(
            "caddy", variant, page: "caddy", section: section, programs: [program], files: [file],
            rollguard: section.map { "rollguard-\($0).yaml" } ?? "rollguard.yaml", entries: [8080], ports: [2019])
        // Every change is a new configuration to Caddy, which closes kept connections; a client may send its next
        // request into that.
        router.toleratedBroken = 2
        return router
    }

    /// A program that must come from the local environment, because the system's is another version.
    static func venv(_ name: String) -> String { Programs.root.path + "/.routers-venv/bin/" + name }
}

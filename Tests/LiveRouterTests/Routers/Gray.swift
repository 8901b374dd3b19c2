extension LiveRouter {
    /// Rollguard's own reference router keeps its split over a restart.
    static let gray = LiveRouter(
        name: "gray", variant: "user hash", programs: [],
        files: [
            "router.json": """
            {
              "listen": "127.0.0.1:8080", "admin_listen": "127.0.0.1:9412", "state_file": "split.json",
              "baseline": ["127.0.0.1:8081"], "canary": ["127.0.0.1:8082"],
              "baseline_version": "v1", "canary_version": "v2",
              "strategy": {"kind": "user_hash", "header": "X-User-Id"}, "initial_canary_basis_points": 1000
            }
            """
        ],
        start: ["rollguard router --config router.json"], entries: [8080], ports: [9412],
        rollguard: """
            router: {kind: gray, instances: ["http://127.0.0.1:9412"]}
            """,
        restart: .keepsTheSplit)
}

extension LiveRouter {
    /// The routers that a canary is led through in steps. Where a router can choose by user it does.
    static let inSteps: [LiveRouter] = [
        .gray, .haproxyWeights, .haproxyUsers, .haproxyMap, .nginxUsers, .nginxEndpoint, .caddyWeights, .envoyRuntime,
        .envoyUsers, .traefikFile,
    ]

    /// `hash-type consistent` on the user. Its shares are uneven: a server owns as many arcs of a circle as its weight.
    static let haproxyUsers: LiveRouter = {
        var router = haproxyWeights
        router.variant = "server weights, consistent hash"
        router.files["haproxy.cfg"] = router.files["haproxy.cfg"].map {
            $0.replacing("balance roundrobin", with: "balance hdr(X-User-Id)\n    hash-type consistent")
        }
        router.rollguard = router.rollguard.replacing(
            "      backend: checkout\n", with: "      backend: checkout\n      growth: same_users\n")
        return router
    }()

    static let nginxUsers: LiveRouter = {
        var router = nginxSplit
        router.variant = "include, split_clients by user"
        router.files = router.files.mapValues { $0.replacing("$request_id", with: "$http_x_user_id") }
        router.rollguard = router.rollguard.replacing("$request_id", with: "$http_x_user_id")
        return router
    }()

    /// A hash policy decides which cluster a user gets.
    static let envoyUsers: LiveRouter = {
        var router = envoyRuntime
        router.variant = "runtime, hash policy"
        router.files["envoy.yaml"] = router.files["envoy.yaml"].map {
            $0.replacing(
                "                  weighted_clusters:\n",
                with: """
                                      hash_policy: [{header: {header_name: x-user-id}}]
                                      weighted_clusters:
                                        use_hash_policy: true

                    """)
        }
        router.rollguard = router.rollguard.replacing(
            "      runtime: {prefix: split.checkout}\n",
            with: "      runtime: {prefix: split.checkout}\n      growth: same_users\n")
        return router
    }()
}

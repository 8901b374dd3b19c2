extension LiveRouter {
    static let envoyRuntime = LiveRouter(
        "envoy", "runtime", page: "envoy", programs: ["envoy"], files: ["envoy.yaml"], entries: [8080], ports: [9901])

    static let envoyFile = LiveRouter(
        "envoy", "route file", page: "envoy", section: "file", programs: ["envoy"],
        files: ["envoy-file.yaml", "routes/checkout.yaml"], rollguard: "rollguard-file.yaml", entries: [8080],
        ports: [9901])

    static let envoyXDS = LiveRouter(
        "envoy", "REST xDS", page: "envoy", section: "xds", programs: ["envoy"],
        files: ["envoy-xds.yaml", "routes.yaml"], rollguard: "rollguard-xds.yaml", entries: [8080],
        ports: [9901, 9413]
    ).fetching

    /// Two Envoys, each with half of the clients.
    static let envoyTwo: LiveRouter = {
        var router = LiveRouter(
            "envoy", "runtime, two", page: "envoy", programs: ["envoy"], files: ["envoy.yaml"], entries: [8080, 8070],
            ports: [9901, 9902])
        router.files["second.yaml"] = router.files["envoy.yaml"].map {
            $0.replacing("port_value: 8080", with: "port_value: 8070").replacing("9901", with: "9902")
        }
        router.start += router.start.map { $0.replacing("envoy.yaml", with: "second.yaml") }
        router.rollguard = router.rollguard.replacing(
            "instances: [\"http://127.0.0.1:9901\"]",
            with: "instances: [\"http://127.0.0.1:9901\", \"http://127.0.0.1:9902\"]")
        router.afterwards = []
        return router
    }()
}

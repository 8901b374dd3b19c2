extension LiveRouter {
    static let nginxSplit = nginx("include, split_clients", section: nil, files: ["nginx.conf", "checkout.conf"])
    static let nginxUpstream = nginx(
        "include, upstream weights", section: "upstream", files: ["nginx-upstream.conf", "upstream.conf"])

    static let nginxEndpoint = LiveRouter(
        "nginx", "endpoint (Lua)", page: "nginx", section: "endpoint", programs: ["nginx", luaModule],
        files: ["nginx-endpoint.conf"], rollguard: "rollguard-endpoint.yaml", entries: [8080], ports: [8079])

    private static let luaModule = "/usr/lib/nginx/modules/ngx_http_lua_module.so"

    private static func nginx(_ variant: String, section: String?, files: [String]) -> LiveRouter {
        var router = LiveRouter(
            "nginx", variant, page: "nginx", section: section, programs: ["nginx"], files: files,
            rollguard: section.map { "rollguard-\($0).yaml" } ?? "rollguard.yaml", entries: [8080], ports: [])
        // A reload closes kept connections; a client may send its next request into that.
        router.toleratedBroken = 2
        return router
    }
}

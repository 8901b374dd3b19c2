extension LiveRouter {
    /// One line per row of the table.
    static let all: [LiveRouter] = [
        .gray,
        .haproxyWeights,
        .haproxyMap,
        .haproxySticky,
        .haproxyTwo,
        .haproxyFallback,
        .haproxySteps,
        .nginxSplit,
        .nginxUpstream,
        .nginxEndpoint,
        .caddyWeights,
        .caddyUpstreams,
        .envoyRuntime,
        .envoyTwo,
        .envoyFile,
        .envoyXDS,
        .traefikFile,
        .traefikPull,
        .traefikRedis,
        .traefikEtcd,
        .etcdKey,
    ]
}

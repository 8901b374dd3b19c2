extension LiveRouter {
    /// One line per row of the table.
    static let all: [LiveRouter] = [
        .gray,
        .haproxyWeights,
        .haproxyMap,
        .haproxySticky,
        .haproxyTwo,
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

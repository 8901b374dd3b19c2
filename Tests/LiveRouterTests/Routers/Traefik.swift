extension LiveRouter {
    static let traefikFile = LiveRouter(
        "traefik", "file", page: "traefik", programs: ["traefik"], files: ["traefik.yaml", "dynamic/checkout.yaml"],
        entries: [8080], ports: [8090])

    static let traefikPull = LiveRouter(
        "traefik", "HTTP provider", page: "traefik", section: "pull", programs: ["traefik"],
        files: ["traefik-pull.yaml", "checkout.yaml"], rollguard: "rollguard-pull.yaml", entries: [8080],
        ports: [8090, 9413]
    ).fetching

    static let traefikRedis = LiveRouter(
        "traefik", "redis", page: "traefik", section: "redis", programs: ["traefik", "redis-server", "redis-cli"],
        files: ["traefik-redis.yaml", "keys.txt", "fill-redis.sh"], rollguard: "rollguard-redis.yaml",
        entries: [8080], ports: [8090, 6379])

    static let traefikEtcd = LiveRouter(
        "traefik", "etcd", page: "traefik", section: "etcd", programs: ["traefik", "etcd"],
        files: ["traefik-etcd.yaml", "keys.txt", "fill-etcd.sh"], rollguard: "rollguard-etcd.yaml",
        entries: [8080], ports: [8090, 2379, 2380])

    /// A key that something else watches; here that is Traefik.
    static let etcdKey = LiveRouter(
        "etcd", "a watched key", page: "etcd", programs: ["traefik", "etcd"],
        files: ["traefik.yaml", "keys.txt", "fill-etcd.sh"], entries: [8080], ports: [8090, 2379, 2380])
}

extension LiveRouter {
    static let haproxyWeights = LiveRouter(
        "haproxy", "server weights", page: "haproxy", programs: ["haproxy"], files: ["haproxy.cfg"], entries: [8080],
        ports: [9999])

    static let haproxyMap = LiveRouter(
        "haproxy", "map", page: "haproxy", section: "map", programs: ["haproxy"],
        files: ["haproxy-map.cfg", "split.map"], rollguard: "rollguard-map.yaml", entries: [8080], ports: [9999])

    /// Clients hold a cookie that leads to a server, and their connections stay open.
    static let haproxySticky = LiveRouter(
        name: "haproxy", variant: "weights, sticky clients", programs: ["haproxy"],
        files: [
            "haproxy.cfg": haproxy(
                entry: 8080, socket: "$PWD/admin.sock",
                """
                    balance roundrobin
                    cookie SRV insert indirect nocache
                    option redispatch
                    server old1 127.0.0.1:8081 weight 90 cookie o1
                    server new1 127.0.0.1:8082 weight 10 cookie n1
                """)
        ],
        start: ["haproxy -db -f haproxy.cfg"], entries: [8080],
        rollguard: """
            router:
              kind: haproxy
              socket: admin.sock
              backend: checkout
              servers: {baseline: [old1], canary: [new1]}
              sticky: true
            """)

    /// One over a unix socket, one over TCP; each has half of the clients.
    static let haproxyTwo = LiveRouter(
        name: "haproxy", variant: "weights, unix + tcp", programs: ["haproxy"],
        files: [
            "first.cfg": haproxy(entry: 8080, socket: "$PWD/first.sock", plainServers),
            "second.cfg": haproxy(entry: 8090, socket: "ipv4@127.0.0.1:9998", plainServers),
        ],
        start: ["haproxy -db -f first.cfg", "haproxy -db -f second.cfg"], entries: [8080, 8090], ports: [9998],
        rollguard: """
            router:
              kind: haproxy
              sockets: [first.sock, "127.0.0.1:9998"]
              backend: checkout
              servers: {baseline: [old1], canary: [new1]}
            """)

    /// The first socket may not change anything; the second takes over.
    static let haproxyFallback = LiveRouter(
        name: "haproxy", variant: "refused, then a fallback", programs: ["haproxy"],
        files: [
            "haproxy.cfg": haproxy(
                entry: 8080,
                socket: "$PWD/operator.sock level operator\n    stats socket $PWD/admin.sock", plainServers)
        ],
        start: ["haproxy -db -f haproxy.cfg"], entries: [8080],
        rollguard: """
            router: {kind: haproxy, socket: operator.sock, backend: checkout, servers: {baseline: [old1], canary: [new1]}}
            fallback:
              router: {kind: haproxy, socket: admin.sock, backend: checkout, servers: {baseline: [old1], canary: [new1]}}
              after: 2s
            """)

    /// The canary's share goes in two steps.
    static let haproxySteps = LiveRouter(
        name: "haproxy", variant: "weights, in steps", programs: ["haproxy"],
        files: ["haproxy.cfg": haproxy(entry: 8080, socket: "$PWD/admin.sock", plainServers)],
        start: ["haproxy -db -f haproxy.cfg"], entries: [8080],
        rollguard: """
            router: {kind: haproxy, socket: admin.sock, backend: checkout, servers: {baseline: [old1], canary: [new1]}}
            drain: {steps: [50%, 100%], pause: 1s, at_once_above: 90%}
            """)

    private static let plainServers = """
            balance roundrobin
            server old1 127.0.0.1:8081 weight 90
            server new1 127.0.0.1:8082 weight 10
        """

    private static func haproxy(entry: Int, socket: String, _ servers: String) -> String {
        """
        global
            stats socket \(socket) level admin
        defaults
            mode http
            timeout connect 1s
            timeout client 10s
            timeout server 10s
        frontend web
            bind 127.0.0.1:\(entry)
            default_backend checkout
        backend checkout
        \(servers)

        """
    }
}

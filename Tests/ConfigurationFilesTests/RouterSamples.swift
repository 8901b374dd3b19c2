extension Sample {
    /// A router of each kind and form, with all of its fields.
    static let routers: [String] = [
        "{kind: haproxy, sockets: [\"127.0.0.1:1\", /run/x], map: {file: \"m#3\", key: a/b}}",
        "{kind: gray, instances: [\"https://a/b\", \"http://[::1]:1\"], tls: {ca_file: /c}}",
        "{kind: haproxy, socket: /run/x, map: {file: m, keys: [user, region]}}",
        "{kind: haproxy, socket: /run/x, map: {file: m, key: app, forced: app_test}, growth: per_request}",
        "{kind: gray, instances: [\"http://a\"], forced: true, growth: same_users}",
        "{kind: nginx, include: /etc/a.conf, state_url: \"http://a/s\", split: {choices: [{variable: $v, key: $request_id}], baseline: o, canary: n}}",
        "{kind: nginx, includes: [{include: /a, state_url: \"http://a/s\"}, {include: /b, command: [/n, -c, x], state_url: \"http://b/s\"}], "
            + "upstream: {name: u, servers: {baseline: [\"a:1\"], canary: [\"b:1\"]}}}",
        "{kind: nginx, instances: [\"http://a\"], path: /split/checkout, auth: {bearer_file: /t}}",
        "{kind: caddy, instances: [\"http://a\"], unix_socket: /s, id: c, upstreams: {baseline: [\"a:1\"], canary: [\"b:1\"]}, method: upstreams}",
        "{kind: http, instances: [\"http://a\"], unix_socket: u.sock, total: 7, variables: {k: \"\"}, set: [{url: /x, body: null}, "
            + "{url: \"${var.k}/${weight.canary | int}\", method: POST, body: [1, {a: {}, b: [], \"\": [[]]}, 0.1, 1e300, -2, \"1\", \"null\", x], expect: [200, 201], "
            + "conflict: [], timeout: 1ms}], read_back: {steps: [{url: /r, body: \"\", require: [{pointer: \"\", equals: {a: [null]}}], "
            + "capture: {c: {header: H}}}], canary: {pointer: \"\"}, baseline: {pointer: /b, filters: [int], then: \"\"}}}",
        "{kind: envoy, instances: [\"http://a:1\", \"http://b:1\"], clusters: {baseline: v1, canary: v2}, total: 1000, "
            + "runtime: {prefix: split.app}, tls: {ca_file: c}}",
        "{kind: envoy, instances: [\"http://a:1\"], clusters: {baseline: \"1\", canary: \"true\"}, unix_socket: e.sock, file: rds/app.yaml}",
        "{kind: envoy, clusters: {baseline: v1, canary: v2}, xds: {listen: \"[::1]:9413\", file: r.json, nodes: [\"1\", b c]}}",
        "{kind: traefik, instances: [\"http://a\"], service: app, services: {baseline: v1, canary: v2@file}, file: /etc/t/app.yml}",
        "{kind: traefik, instances: [\"http://a\"], service: app, services: {baseline: v1, canary: v2}, total: 10, "
            + "pull: {listen: \"127.0.0.1:9413\", file: app.yaml}, auth: {basic: {user: u, password_env: P}}}",
        "{kind: traefik, instances: [\"http://a\"], service: app, services: {baseline: v1, canary: v2}, "
            + "etcd: {endpoints: [\"https://e:2379\"], root_key: t/x, tls: {cert_file: c, key_file: k}}}",
        "{kind: traefik, instances: [\"http://a\"], service: app, services: {baseline: v1, canary: v2}, "
            + "redis: {address: run/redis.sock, user: ops, password_file: pw, database: 3}}",
        "{kind: etcd, endpoints: [\"http://e\"], key: /split, auth: {basic: {user: u, password_file: p}}}",
        "{kind: etcd, endpoints: [\"http://e\"], key: k, total: 7, value: {a: \"${weight.canary}\", b: [1, x]}, "
            + "canary: {pointer: /a}, baseline: {pointer: /c, filters: [fromjson], then: /d}}",
        "{kind: consul, address: \"http://c:8500\", service: shop, baseline: {subset: v1}, canary: {service: s2, subset: v2}, "
            + "datacenter: dc1, namespace: n, partition: p, auth: {header: {name: X-Consul-Token, value_file: t}}}",
        "{kind: kubernetes, namespace: web, http_route: shop, baseline: {service: s1}, canary: {service: s2}}",
        "{kind: kubernetes, address: \"https://k:6443\", namespace: web, virtual_service: shop, api_version: v1beta1, total: 1000, "
            + "baseline: {host: s, subset: v1}, canary: {host: t}, tls: {ca_file: c}, auth: {bearer_file: t}}",
    ]
}

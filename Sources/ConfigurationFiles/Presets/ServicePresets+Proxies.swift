/// Proxies and meshes: their expositions have the series of both pools, so that each pool needs its own `match`.
extension ServicePresets {
    static let proxies = [
        ServicePreset(
            "envoy", "Envoy", requests: ["envoy_cluster_upstream_rq_xx"],
            errors: ["envoy_cluster_upstream_rq_xx{envoy_response_code_class=\"5\"}"],
            latency: "envoy_cluster_upstream_rq_time", unit: .milliseconds, presence: "envoy_cluster_membership_total",
            pools: ["envoy_cluster_name"],
            note: "Envoy merges its histograms every 5 s, and counts retries as requests of their own",
            trial: .run("Envoy 1.40")),
        ServicePreset(
            "haproxy", "HAProxy",
            requests: [
                "haproxy_server_http_responses_total{code=~\"1xx|2xx|3xx|4xx|5xx|other\"}",
                "haproxy_server_connection_errors_total", "haproxy_server_response_errors_total",
            ],
            errors: [
                "haproxy_server_http_responses_total{code=\"5xx\"}", "haproxy_server_connection_errors_total",
                "haproxy_server_response_errors_total",
            ], presence: "haproxy_server_status", pools: ["proxy", "server"],
            note:
                "HAProxy has no latency histogram; a connection that failed and was repeated at another server counts as "
                + "an error although the client was served",
            trial: .run("HAProxy 2.6")),
        ServicePreset(
            "traefik", "Traefik", requests: ["traefik_service_requests_total"],
            errors: ["traefik_service_requests_total{code=~\"5..\"}"],
            latency: "traefik_service_request_duration_seconds", presence: "traefik_service_server_up",
            pools: ["service"],
            note: "the default buckets (0.1, 0.3, 1.2, 5 s) are too coarse for a p99; set 'buckets' in Traefik",
            trial: .run("Traefik 3.7")),
        ServicePreset(
            "nginx-vts", "nginx-module-vts", requests: ["nginx_vts_upstream_requests_total{code=~\"[1-5]xx\"}"],
            errors: ["nginx_vts_upstream_requests_total{code=\"5xx\"}"],
            latency: "nginx_vts_upstream_request_duration_seconds", pools: ["upstream", "backend"],
            note: "a latency histogram needs vhost_traffic_status_histogram_buckets"),
        ServicePreset(
            "nginx-stub-status", "prometheus-nginx-exporter (stub_status)", requests: ["nginx_http_requests_total"],
            refusal:
                "stub_status counts all requests of nginx in one number, without errors and without a label for the "
                + "version; scrape the services themselves, or use nginx-module-vts"),
        ServicePreset(
            "ingress-nginx", "ingress-nginx", requests: ["nginx_ingress_controller_requests"],
            errors: ["nginx_ingress_controller_requests{status=~\"5..\"}"],
            latency: "nginx_ingress_controller_request_duration_seconds", pools: ["ingress", "service", "canary"],
            note: "series disappear when an ingress is reloaded; each controller pod has an exposition of its own"),
        ServicePreset(
            "caddy", "Caddy", requests: ["caddy_http_request_duration_seconds_count"],
            errors: ["caddy_http_request_duration_seconds_count{code=~\"5..\"}"],
            latency: "caddy_http_request_duration_seconds", pools: ["server", "handler", "host"],
            note: "Caddy has no label for the upstream, so that each pool needs a server or a host of its own; nested "
                + "handlers count a request more than once, so match one handler",
            trial: .run("Caddy 2.11")),
        ServicePreset(
            "kong", "Kong 3", requests: ["kong_http_requests_total"],
            errors: ["kong_http_requests_total{code=~\"5..\"}"], latency: "kong_upstream_latency_ms",
            pools: ["service", "route"],
            note: "status_code_metrics and latency_metrics have to be switched on in the plugin"),
        ServicePreset(
            "kong-2", "Kong 2", requests: ["kong_http_status"], errors: ["kong_http_status{code=~\"5..\"}"],
            latency: "kong_latency{type=\"upstream\"}", unit: .milliseconds, pools: ["service", "route"]),
        ServicePreset(
            "apisix", "APISIX", requests: ["apisix_http_status"], errors: ["apisix_http_status{code=~\"5..\"}"],
            latency: "apisix_http_latency{type=\"upstream\"}", unit: .milliseconds,
            pools: ["service", "route", "node"]),
    ]

    static let meshes = [
        ServicePreset(
            "istio", "Istio", requests: ["istio_requests_total{reporter=\"destination\"}"],
            errors: ["istio_requests_total{reporter=\"destination\",response_code=~\"5..|0\"}"],
            latency: "istio_request_duration_milliseconds{reporter=\"destination\"}",
            pools: ["destination_workload", "destination_version", "destination_canonical_revision"],
            note: "a connection that failed is counted at the source alone"),
        ServicePreset(
            "linkerd", "Linkerd 2", requests: ["response_total{direction=\"inbound\"}"],
            errors: ["response_total{direction=\"inbound\",classification=\"failure\"}"],
            latency: "response_latency_ms{direction=\"inbound\"}", pools: ["deployment", "pod"],
            note: "health checks are counted as requests"),
    ]
}

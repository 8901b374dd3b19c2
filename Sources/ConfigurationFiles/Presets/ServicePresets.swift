/// The exporters that are recognised. Names and traps come from their documentation; those that were run say so in their
/// tests.
package enum ServicePresets {
    /// In the order in which they are preferred when several fit equally well: a framework's own metrics before names that
    /// anything may use.
    package static let all: [ServicePreset] = proxies + frameworks + libraries

    static let proxies = [
        ServicePreset(
            "envoy", title: "Envoy", requests: "envoy_cluster_upstream_rq_xx", outcome: "envoy_response_code_class",
            failures: "5", latency: "envoy_cluster_upstream_rq_time", unit: "ms", pool: "envoy_cluster_name",
            note: "Envoy merges its histograms every 5 s, and counts retries as requests of their own"),
        ServicePreset(
            "haproxy", title: "HAProxy", requests: "haproxy_server_http_responses_total", outcome: "code",
            failures: "5xx", pool: "server",
            note: "HAProxy has no latency histogram, and a failed connection is no response of the server"),
        ServicePreset(
            "traefik", title: "Traefik", requests: "traefik_service_requests_total", outcome: "code",
            latency: "traefik_service_request_duration_seconds", pool: "service",
            note: "Traefik's default buckets (0.1, 0.3, 1.2, 5 s) are too coarse for a p99; set 'buckets' in Traefik"),
        ServicePreset(
            "nginx-vts", title: "nginx-module-vts",
            requests: "nginx_vts_upstream_requests_total{code=~\"[1-5]xx\"}", outcome: "code", failures: "5xx",
            latency: "nginx_vts_upstream_request_duration_seconds", pool: "backend"),
        ServicePreset(
            "ingress-nginx", title: "ingress-nginx", requests: "nginx_ingress_controller_requests", outcome: "status",
            latency: "nginx_ingress_controller_request_duration_seconds", pool: "canary",
            note: "series disappear when an ingress is reloaded"),
        ServicePreset(
            "istio", title: "Istio", requests: "istio_requests_total{reporter=\"destination\"}",
            outcome: "response_code", failures: "5..|0", latency: "istio_request_duration_milliseconds",
            pool: "destination_version"),
        ServicePreset(
            "linkerd", title: "Linkerd", requests: "response_total{direction=\"inbound\"}", outcome: "classification",
            failures: "failure", latency: "response_latency_ms", pool: "deployment"),
        ServicePreset(
            "caddy", title: "Caddy", requests: "caddy_http_request_duration_seconds_count", outcome: "code",
            latency: "caddy_http_request_duration_seconds", pool: "server"),
        ServicePreset(
            "kong", title: "Kong", requests: "kong_http_requests_total", outcome: "code",
            latency: "kong_upstream_latency_ms", pool: "service"),
        ServicePreset(
            "apisix", title: "APISIX", requests: "apisix_http_status", outcome: "code", latency: "apisix_http_latency",
            unit: "ms", pool: "node"),
    ]

    static let frameworks = [
        ServicePreset(
            "micrometer", title: "Micrometer (Spring Boot)", requests: "http_server_requests_seconds_count",
            outcome: "status", latency: "http_server_requests_seconds", path: "uri",
            note: "a histogram needs management.metrics.distribution.percentiles-histogram.http.server.requests=true"),
        ServicePreset(
            "opentelemetry", title: "OpenTelemetry HTTP, ASP.NET Core",
            requests: "http_server_request_duration_seconds_count", outcome: "http_response_status_code",
            latency: "http_server_request_duration_seconds", path: "http_route"),
        ServicePreset(
            "opentelemetry-old", title: "OpenTelemetry HTTP before the stable names",
            requests: "http_server_duration_milliseconds_count", outcome: "http_status_code",
            latency: "http_server_duration_milliseconds", path: "http_target",
            note: "a newer SDK in the other version has other names, and then nothing can be compared"),
        ServicePreset(
            "prometheus-net", title: "prometheus-net", requests: "http_requests_received_total", outcome: "code",
            latency: "http_request_duration_seconds", path: "endpoint"),
        ServicePreset(
            "flask", title: "prometheus-flask-exporter", requests: "flask_http_request_total", outcome: "status",
            latency: "flask_http_request_duration_seconds", path: "path"),
        ServicePreset(
            "starlette", title: "starlette-exporter", requests: "starlette_requests_total", outcome: "status_code",
            latency: "starlette_request_duration_seconds", path: "path"),
        ServicePreset(
            "django", title: "django-prometheus", requests: "django_http_responses_total_by_status_total",
            outcome: "status", latency: "django_http_requests_latency_including_middlewares_seconds"),
        ServicePreset(
            "ruby", title: "Prometheus Ruby client", requests: "http_server_requests_total", outcome: "code",
            latency: "http_server_request_duration_seconds", path: "path",
            note: "a raised exception is counted in http_server_exceptions_total alone"),
        ServicePreset(
            "grpc", title: "go-grpc-middleware", requests: "grpc_server_handled_total", outcome: "grpc_code",
            failures: "Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss",
            latency: "grpc_server_handling_seconds",
            note: "streams are counted at their end; the health service is counted as well"),
    ]

    static let libraries = [
        ServicePreset(
            "fastapi", title: "FastAPI instrumentator", requests: "http_requests_total", outcome: "status",
            latency: "http_request_duration_seconds", path: "handler", distinctive: "handler"),
        ServicePreset(
            "promhttp", title: "Go promhttp, prometheus_client", requests: "http_requests_total", outcome: "code",
            latency: "http_request_duration_seconds", path: "path"),
        ServicePreset(
            "prom-bundle", title: "express-prom-bundle", requests: "http_request_duration_seconds_count",
            outcome: "status_code", latency: "http_request_duration_seconds", path: "path"),
        ServicePreset(
            "http-status", title: "a service's own metrics", requests: "http_requests_total", outcome: "status",
            latency: "http_request_duration_seconds", path: "path"),
    ]
}

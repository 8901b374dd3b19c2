/// The exporters that are known by name.
package enum ServicePresets {
    /// In the order in which they are preferred when several fit equally well: a framework's own metrics before names that
    /// anything may use.
    package static let all: [ServicePreset] = proxies + meshes + frameworks + libraries

    package static func named(_ name: String) -> ServicePreset? { all.first { $0.name == name } }

    /// Scrapes and health checks, as paths: they are requests to both pools, whatever the split is.
    private static let ownPaths = "/metrics|/actuator.*|/-/.*|/(health|ready|live)(z|y|iness|ness)?|/ping"

    static func own(_ label: String) -> String { "{\(label)=~\"\(ownPaths)\"}" }

    /// gRPC codes for which the server is to blame; Go's libraries write `Internal`, Python's `INTERNAL`.
    private static let failedCodes =
        "Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss"
        + "|UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS"

    static let frameworks = [
        ServicePreset(
            "spring-boot", "Spring Boot (Micrometer)", requests: ["http_server_requests_seconds_count"],
            errors: ["http_server_requests_seconds_count{status=~\"5..\"}"], latency: "http_server_requests_seconds",
            exclude: own("uri"),
            note: "a percentile needs management.metrics.distribution.percentiles-histogram.http.server.requests=true; "
                + "the path is /actuator/prometheus"),
        ServicePreset(
            "opentelemetry", "OpenTelemetry HTTP, ASP.NET Core",
            requests: ["http_server_request_duration_seconds_count"],
            errors: ["http_server_request_duration_seconds_count{http_response_status_code=~\"5..\"}"],
            latency: "http_server_request_duration_seconds", exclude: own("http_route"),
            trial: .run("opentelemetry-instrumentation-flask 0.66b1")),
        ServicePreset(
            "opentelemetry-old", "OpenTelemetry HTTP before the stable names",
            requests: ["http_server_duration_milliseconds_count"],
            errors: ["http_server_duration_milliseconds_count{http_status_code=~\"5..\"}"],
            latency: "http_server_duration_milliseconds", exclude: own("http_target"),
            note:
                "a version with a newer SDK has the names of the preset opentelemetry, and the two cannot be compared",
            trial: .run("opentelemetry-instrumentation-flask 0.66b1")),
        ServicePreset(
            "prometheus-net", "prometheus-net", requests: ["http_requests_received_total"],
            errors: ["http_requests_received_total{code=~\"5..\"}"], latency: "http_request_duration_seconds",
            exclude: own("endpoint")),
        ServicePreset(
            "flask", "prometheus-flask-exporter", requests: ["flask_http_request_total"],
            errors: ["flask_http_request_total{status=~\"5..\"}"], latency: "flask_http_request_duration_seconds",
            exclude: own("path"),
            note: "several processes behind one port need the exporter's multiprocess mode",
            trial: .run("prometheus-flask-exporter 0.23.2")),
        ServicePreset(
            "starlette", "starlette-exporter", requests: ["starlette_requests_total"],
            errors: ["starlette_requests_total{status_code=~\"5..\"}"],
            latency: "starlette_request_duration_seconds", exclude: own("path"),
            trial: .run("starlette-exporter 0.24.0")),
        ServicePreset(
            "django", "django-prometheus", requests: ["django_http_responses_total_by_status_total"],
            errors: ["django_http_responses_total_by_status_total{status=~\"5..\"}"],
            latency: "django_http_requests_latency_including_middlewares_seconds",
            note: "scrapes are counted as requests, and no label shows them",
            trial: .run("django-prometheus 2.5.0")),
        ServicePreset(
            "ruby", "Prometheus Ruby client (Rack)",
            requests: ["http_server_requests_total", "http_server_exceptions_total"],
            errors: ["http_server_requests_total{code=~\"5..\"}", "http_server_exceptions_total"],
            latency: "http_server_request_duration_seconds", exclude: own("path"),
            note: "several Puma workers need the client's file store"),
        ServicePreset(
            "grpc", "gRPC servers (go-grpc-middleware, py-grpc-prometheus)", requests: ["grpc_server_handled_total"],
            errors: ["grpc_server_handled_total{grpc_code=~\"\(failedCodes)\"}"],
            latency: "grpc_server_handling_seconds", exclude: "{grpc_service=\"grpc.health.v1.Health\"}",
            note: "streams are counted at their end; the histogram has to be switched on",
            trial: .run("py-grpc-prometheus 0.8.0, etcd 3.4.23")),
    ]

    static let libraries = [
        ServicePreset(
            "fastapi", "FastAPI instrumentator", requests: ["http_requests_total"],
            errors: ["http_requests_total{status=~\"5..\"}"], latency: "http_request_duration_seconds",
            exclude: own("handler"), distinctive: "handler",
            note: "its buckets (0.1, 0.5, 1 s) are too coarse for a p99",
            trial: .run("prometheus-fastapi-instrumentator 8.1.0")),
        ServicePreset(
            "promhttp", "Go promhttp, prometheus_client", requests: ["http_requests_total"],
            errors: ["http_requests_total{code=~\"5..\"}"], latency: "http_request_duration_seconds",
            exclude: own("path")),
        ServicePreset(
            "express", "express-prom-bundle", requests: ["http_request_duration_seconds_count"],
            errors: ["http_request_duration_seconds_count{status_code=~\"5..\"}"],
            latency: "http_request_duration_seconds", exclude: own("path"),
            note: "a service with cluster workers needs the aggregating endpoint"),
        ServicePreset(
            "http-status", "a service's own metrics", requests: ["http_requests_total"],
            errors: ["http_requests_total{status=~\"5..\"}"], latency: "http_request_duration_seconds",
            exclude: own("path")),
    ]
}

"""A service with the OpenTelemetry SDK and its Prometheus exporter:  otel_service.py VERSION PORT METRICS_PORT"""

import sys

import service
from behaviour import Behaviour
from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from prometheus_client import start_http_server

BOUNDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Handler(service.Handler):
    histogram = None

    def do_GET(self):
        code, seconds = self.behaviour.answer()
        self.histogram.record(seconds, {"http.response.status_code": code, "http.request.method": "GET"})
        self.send(code, f"{self.behaviour.version}\n".encode(), "text/plain")


if __name__ == "__main__":
    version, port, metrics_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    view = View(instrument_name="http.server.request.duration",
                aggregation=ExplicitBucketHistogramAggregation(BOUNDS))
    metrics.set_meter_provider(MeterProvider(metric_readers=[PrometheusMetricReader()], views=[view]))
    start_http_server(metrics_port, "127.0.0.1")
    # The name and the unit of the semantic conventions; the exporter makes http_server_request_duration_seconds of it.
    Handler.histogram = metrics.get_meter("soak").create_histogram(
        "http.server.request.duration", unit="s", description="Duration of HTTP server requests.")
    Handler.behaviour = Behaviour(version)
    service.Server(("127.0.0.1", port), Handler).serve_forever()

#!/usr/bin/env python3
"""Records what well-known exporters write: before traffic, after requests with 200, after requests with 500, and, of proxies
and of a server with several workers, after a reload and some requests more; of the latter also after workers were killed, and
after a restart that empties the folder of the counters.

    python3 Tests/ConfigurationFilesTests/Expositions/record.py FOLDER [NAME...]

The Python exporters have to be installed in the environment of the interpreter (see PACKAGES); HAProxy, Caddy, Envoy and
Traefik are found in PATH and in .routers-venv/bin. Everything listens on loopback. Each recording is one file per
program and state, FOLDER/NAME.STATE.txt.
"""
import http.server
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import urllib.error
import urllib.request

PACKAGES = """flask gunicorn prometheus-flask-exporter fastapi uvicorn prometheus-fastapi-instrumentator starlette
starlette-exporter django django-prometheus opentelemetry-sdk opentelemetry-exporter-prometheus
opentelemetry-instrumentation-flask py-grpc-prometheus grpcio"""
PORT = 18610
UPSTREAM = 18611
METRICS = 18612
STATES = [("before", []), ("ok", ["/ok"] * 20), ("failed", ["/fail"] * 5)]
# Of both kinds as many as there are pools, so that each pool gets some of each.
AFTER_RELOAD = ["/ok", "/ok", "/fail", "/fail"]


def get(url, timeout=3):
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait(url):
    for _ in range(150):
        try:
            get(url, 1)
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


def upstream():
    """A service that answers 200 to /ok and 500 to /fail."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(500 if self.path.startswith("/fail") else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", UPSTREAM), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


FLASK = """
from flask import Flask
app = Flask("shop")
{setup}
@app.route("/ok")
def ok(): return "ok"
@app.route("/fail")
def fail(): return "broken", 500
app.run(port=%d)
""" % PORT

PYTHON = {
    "flask": FLASK.format(setup="from prometheus_flask_exporter import PrometheusMetrics\n"
                                "PrometheusMetrics(app, group_by='path')"),
    "opentelemetry": "import os; os.environ['OTEL_SEMCONV_STABILITY_OPT_IN'] = 'http'\n" + FLASK.format(setup="""
from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import generate_latest
metrics.set_meter_provider(MeterProvider([PrometheusMetricReader()]))
FlaskInstrumentor().instrument_app(app)
@app.route("/metrics")
def exposition(): return generate_latest()
"""),
    "opentelemetry-old": FLASK.format(setup="""
from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import generate_latest
metrics.set_meter_provider(MeterProvider([PrometheusMetricReader()]))
FlaskInstrumentor().instrument_app(app)
@app.route("/metrics")
def exposition(): return generate_latest()
"""),
    "fastapi": """
import uvicorn
from fastapi import FastAPI, Response
from prometheus_fastapi_instrumentator import Instrumentator
app = FastAPI()
@app.get("/ok")
def ok(): return "ok"
@app.get("/fail")
def fail(): return Response(status_code=500)
Instrumentator().instrument(app).expose(app)
uvicorn.run(app, port=%d, log_level="error")
""" % PORT,
    "starlette": """
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette_exporter import PrometheusMiddleware, handle_metrics
async def ok(request): return PlainTextResponse("ok")
async def fail(request): return PlainTextResponse("broken", status_code=500)
app = Starlette(routes=[Route("/ok", ok), Route("/fail", fail), Route("/metrics", handle_metrics)])
app.add_middleware(PrometheusMiddleware)
uvicorn.run(app, port=%d, log_level="error")
""" % PORT,
    "django": """
import sys
from django.conf import settings
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x", USE_TZ=True,
    INSTALLED_APPS=["django_prometheus"],
    MIDDLEWARE=["django_prometheus.middleware.PrometheusBeforeMiddleware",
                "django_prometheus.middleware.PrometheusAfterMiddleware"])
import django
django.setup()
from django.http import HttpResponse
from django.urls import include, path
def ok(request): return HttpResponse("ok")
def fail(request): return HttpResponse("broken", status=500)
urlpatterns = [path("ok", ok), path("fail", fail), path("", include("django_prometheus.urls"))]
from django.core.wsgi import get_wsgi_application
from wsgiref.simple_server import WSGIRequestHandler, make_server
class Quiet(WSGIRequestHandler):
    def log_message(self, *a): pass
make_server("127.0.0.1", %d, get_wsgi_application(), handler_class=Quiet).serve_forever()
""" % PORT,
    "grpc": """
import http.server, grpc
from concurrent import futures
from prometheus_client import start_http_server
from py_grpc_prometheus.prometheus_server_interceptor import PromServerInterceptor
raw = lambda x: x
def ok(request, context): return b"ok"
def fail(request, context): context.abort(grpc.StatusCode.INTERNAL, "broken")
server = grpc.server(futures.ThreadPoolExecutor(2),
    interceptors=(PromServerInterceptor(enable_handling_time_histogram=True),))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Shop", {
    "ok": grpc.unary_unary_rpc_method_handler(ok, raw, raw),
    "fail": grpc.unary_unary_rpc_method_handler(fail, raw, raw)}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
start_http_server(%d, addr="127.0.0.1")
channel = grpc.insecure_channel(f"127.0.0.1:{port}")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try: channel.unary_unary("/shop.Shop" + self.path, raw, raw)(b"")
        except grpc.RpcError: pass
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *a): pass
http.server.HTTPServer(("127.0.0.1", %d), Handler).serve_forever()
""" % (METRICS, PORT),
}

# Four workers whose counters are in files, one per process; each worker shows the sums of all.
GUNICORN = """
from flask import Flask
from prometheus_flask_exporter.multiprocess import GunicornInternalPrometheusMetrics
app = Flask("shop")
GunicornInternalPrometheusMetrics(app, group_by='path')
@app.route("/ok")
def ok(): return "ok"
@app.route("/fail")
def fail(): return "broken", 500
"""

GUNICORN_HOOKS = """
from prometheus_flask_exporter.multiprocess import GunicornInternalPrometheusMetrics
def child_exit(server, worker):
    GunicornInternalPrometheusMetrics.mark_process_dead_on_child_exit(worker.pid)
"""

HAPROXY = f"""
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend web
    bind 127.0.0.1:{PORT}
    default_backend shop
backend shop
    server old1 127.0.0.1:{UPSTREAM}
    server new1 127.0.0.1:{UPSTREAM}
frontend stats
    bind 127.0.0.1:{METRICS}
    http-request use-service prometheus-exporter
"""

CADDY = f"""
{{
    admin 127.0.0.1:{METRICS}
    servers {{
        metrics
    }}
}}
http://127.0.0.1:{PORT} {{
    reverse_proxy 127.0.0.1:{UPSTREAM}
}}
"""

TRAEFIK = f"""
http:
  routers:
    shop: {{rule: "PathPrefix(`/`)", service: split, entryPoints: [web]}}
  services:
    split: {{weighted: {{services: [{{name: old, weight: 1}}, {{name: new, weight: 1}}]}}}}
    old: {{loadBalancer: {{servers: [{{url: "http://127.0.0.1:{UPSTREAM}"}}]}}}}
    new: {{loadBalancer: {{servers: [{{url: "http://127.0.0.1:{UPSTREAM}"}}]}}}}
"""


def envoy_cluster(name):
    return f"""
  - name: {name}
    type: STATIC
    load_assignment:
      cluster_name: {name}
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1,
        port_value: {UPSTREAM}}}}}}}}}]}}]"""


ENVOY = f"""
admin: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {METRICS}}}}}}}
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {PORT}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: web
          route_config:
            virtual_hosts:
            - name: shop
              domains: ["*"]
              routes:
              - match: {{prefix: /}}
                route: {{weighted_clusters: {{clusters: [{{name: old, weight: 50}}, {{name: new, weight: 50}}]}}}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:{envoy_cluster("old")}{envoy_cluster("new")}
"""


def program(name):
    own = os.path.join(".routers-venv", "bin", name)
    return os.path.abspath(own) if os.path.exists(own) else name


def started(name, folder):
    """The command of a program, and the address of its exposition."""
    def file(text, suffix):
        path = os.path.join(folder, "recorded" + suffix)
        with open(path, "w") as opened:
            opened.write(textwrap.dedent(text))
        return path

    if name in PYTHON:
        port = METRICS if name == "grpc" else PORT
        return [sys.executable, file(PYTHON[name], ".py")], f"http://127.0.0.1:{port}/metrics"
    if name == "flask-gunicorn":
        file(GUNICORN, ".py")
        os.makedirs(os.path.join(folder, "counters"))
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = os.path.join(folder, "counters")
        return [sys.executable, "-m", "gunicorn", "--chdir", folder, "--config", file(GUNICORN_HOOKS, ".conf.py"),
                "--workers", "4", "--bind", f"127.0.0.1:{PORT}", "recorded:app"], f"http://127.0.0.1:{PORT}/metrics"
    metrics = f"http://127.0.0.1:{METRICS}/metrics"
    if name == "haproxy":
        return ["haproxy", "-W", "-db", "-f", file(HAPROXY, ".cfg")], metrics
    if name == "caddy":
        return [program("caddy"), "run", "--config", file(CADDY, ".caddyfile"), "--adapter", "caddyfile"], metrics
    if name == "envoy":
        path = file(ENVOY, ".yaml")
        return [program("envoy"), "-c", path, "--concurrency", "1", "-l", "off", "--base-id", "186", "--drain-time-s", "1",
                "--parent-shutdown-time-s", "2"], f"http://127.0.0.1:{METRICS}/stats/prometheus"
    path = file(TRAEFIK, ".yaml")
    return [program("traefik"), f"--entrypoints.web.address=127.0.0.1:{PORT}",
            f"--entrypoints.metrics.address=127.0.0.1:{METRICS}", f"--providers.file.filename={path}",
            "--metrics.prometheus=true", "--metrics.prometheus.entrypoint=metrics",
            "--metrics.prometheus.addserviceslabels=true"], metrics


def reload(name, process, command):
    """Gives a proxy a changed configuration, or a server new workers, as its documentation says.

    Returns the process that serves afterwards; None for a program that has no reload.
    """
    if name == "haproxy":
        process.send_signal(signal.SIGUSR2)
    elif name == "flask-gunicorn":
        process.send_signal(signal.SIGHUP)
    elif name == "caddy":
        changed = textwrap.dedent(CADDY).replace("reverse_proxy", "header X-Changed yes\n    reverse_proxy")
        request = urllib.request.Request(f"http://127.0.0.1:{METRICS}/load", changed.encode(),
                                         {"Content-Type": "text/caddyfile"})
        urllib.request.urlopen(request).close()
    elif name == "traefik":
        path = next(part.split("=", 1)[1] for part in command if part.startswith("--providers.file.filename="))
        with open(path + ".new", "w") as opened:
            opened.write(textwrap.dedent(TRAEFIK).replace("{name: old, weight: 1}, {name: new, weight: 1}",
                                                          "{name: old, weight: 2}, {name: new, weight: 2}"))
        os.rename(path + ".new", path)
    elif name == "envoy":
        # A hot restart: the next process takes over the sockets and the counters, and the one before ends.
        following = subprocess.Popen(command + ["--restart-epoch", "1"], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
        process.wait(20)
        time.sleep(1)
        return following
    else:
        return None
    time.sleep(3)
    return process


def record(name, output):
    with tempfile.TemporaryDirectory() as folder:
        command, metrics = started(name, folder)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait(metrics)
            time.sleep(1)
            for state, paths in STATES:
                take(name, state, paths, metrics, output)
            following = reload(name, process, command)
            if following:
                process = following
                take(name, "reloaded", AFTER_RELOAD, metrics, output)
            if name == "flask-gunicorn":
                for worker in workers(process)[:2]:
                    os.kill(worker, signal.SIGKILL)
                time.sleep(2)
                take(name, "killed", AFTER_RELOAD, metrics, output)
                process.terminate()
                process.wait(10)
                # As start scripts do, because the files of the processes before would be added up.
                for one in os.listdir(os.environ["PROMETHEUS_MULTIPROC_DIR"]):
                    os.remove(os.path.join(os.environ["PROMETHEUS_MULTIPROC_DIR"], one))
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                wait(metrics)
                time.sleep(1)
                take(name, "restarted", AFTER_RELOAD, metrics, output)
        finally:
            process.terminate()
            process.wait(10)


def workers(process):
    """The process ids of a server's workers."""
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as opened:
        return [int(number) for number in opened.read().split()]


def take(name, state, paths, metrics, output):
    for path in paths:
        get(f"http://127.0.0.1:{PORT}{path}")
    # Envoy merges its histograms every 5 s.
    time.sleep(6 if name == "envoy" and paths else 0.3)
    body = get(metrics)[1]
    if name in ("envoy", "traefik", "caddy", "haproxy"):
        body = shortened(body)
    with open(os.path.join(output, f"{name}.{state}.txt"), "w") as opened:
        opened.write(body)
    print(name, state, len(body.splitlines()), "lines")


def shortened(body):
    """Of the hundreds of families those that say something about requests, and the process's own."""
    wanted = ("envoy_cluster_upstream_rq", "envoy_cluster_internal_upstream_rq", "envoy_cluster_external_upstream_rq",
              "envoy_cluster_membership_total", "traefik_service", "traefik_entrypoint_requests", "caddy_http", "process_",
              "haproxy_server", "haproxy_backend_http_responses", "haproxy_process_start_time")
    def name(line):
        return line.split()[2] if line.startswith("#") and len(line.split()) > 2 else line
    return "".join(line + "\n" for line in body.splitlines() if name(line).startswith(wanted))


if __name__ == "__main__":
    folder, names = sys.argv[1], sys.argv[2:] or list(PYTHON) + ["flask-gunicorn", "haproxy", "caddy", "envoy", "traefik"]
    os.makedirs(folder, exist_ok=True)
    server = upstream()
    for one in names:
        record(one, folder)

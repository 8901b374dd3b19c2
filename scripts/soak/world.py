"""Everything around the program: services, routers, exporters, Prometheus, Alertmanager, receivers, load."""

import os

from programs import Program, find, free_port, wait_for
from receivers import Receiver
from releases import ERRORS, LATENCY, PROOF, Release
from routers import Caddy, Gray, HAProxy, Nginx, ProxiedServer, haproxy_yaml
from services import HERE, Services


class World:
    """Starts all of it. What it offers: `releases`, `receivers`, and the parts that the timetable moves."""

    def __init__(self, folder, rollguard, python):
        self.folder, self.rollguard, self.python = folder, rollguard, python
        self.listen_port = free_port()
        self.services = Services(folder, python)
        self.loads = {}
        self.gray_routers = []
        self.first, self.second = Receiver("first", free_port()), Receiver("second", free_port())
        self.from_alertmanager = Receiver("alertmanager", free_port())
        self.releases = [
            *self._behind_haproxy(), *self._behind_nginx(), self._behind_caddy(), self._with_a_restless_target(),
            self._with_opentelemetry(), self._exporters(),
        ]
        self._alertmanager()
        self._prometheus()

    def _pair(self, name):
        return self.services.plain(f"{name}-old", "v1"), self.services.plain(f"{name}-new", "v2")

    def _behind_haproxy(self):
        cart, shop = self._pair("cart"), self._pair("shop")
        stock = (self.services.prefork("stock-old", "v1"), self.services.prefork("stock-new", "v2", bad_start=60))
        backends = {"cart": cart, "shop": shop, "stock": stock}
        proxies = [HAProxy(name, self.folder, backends) for name in ("haproxy-a", "haproxy-b")]
        for backend in backends:
            for proxy in proxies:
                self.loads[proxy.ports[backend]] = 10
        yield Release("cart", [cart[0].exporter], [cart[1].exporter], haproxy_yaml(proxies, "cart"), [cart[1]],
                      fault="errors=0.4")
        # One exposition of each HAProxy holds both pools.
        targets = [f"127.0.0.1:{proxy.exporter}" for proxy in proxies]
        yield Release(
            "shop", targets, targets, haproxy_yaml(proxies, "shop"), [shop[1]],
            match=('{proxy: shop, server: old1}', '{proxy: shop, server: new1}'),
            indicators="{requests: haproxy_server_http_responses_total, "
                       "errors: 'haproxy_server_http_responses_total{code=\"5xx\"}'}")
        # Several processes behind one address: no verdict may come of it.
        yield Release("stock", [stock[0].exporter], [stock[1].exporter], haproxy_yaml(proxies, "stock"),
                      [ProxiedServer(proxies, "stock", "new1")])

    def _behind_nginx(self):
        blog, news = self._pair("blog"), self._pair("news")
        nginx = Nginx(self.folder, {"blog": blog, "news": news})
        for site, pair, fault in (("blog", blog, None), ("news", news, "errors=0.3")):
            self.loads[nginx.ports[site]] = 20
            yield Release(site, [pair[0].exporter], [pair[1].exporter], nginx.yaml(site), [pair[1]], fault=fault)

    def _behind_caddy(self):
        search = self._pair("search")
        caddy = Caddy(self.folder, "search", *search)
        self.loads[caddy.port] = 20
        return Release("search", [search[0].exporter], [search[1].exporter], caddy.yaml(), [search[1]], fault="errors=0.5")

    def _with_a_restless_target(self):
        old = [self.services.plain(f"basket-old{number}", "v1") for number in (1, 2, 3)]
        new = self.services.plain("basket-new", "v2")
        self.restless, self.listed_at_times = old[1].program, old[2]
        gray = Gray("gray-basket", self.folder, self.rollguard, old, [new])
        self.gray_routers.append(gray.program)
        self.loads[gray.port] = 40
        self.basket = Release(
            "basket", [each.exporter for each in old], [new.exporter], gray.yaml(), [new], rules=ERRORS + PROOF)
        return self.basket

    def _with_opentelemetry(self):
        old, new = self.services.telemetry("pay-old", "v1"), self.services.telemetry("pay-new", "v2")
        gray = Gray("gray-pay", self.folder, self.rollguard, [old], [new])
        self.gray_routers.append(gray.program)
        self.loads[gray.port] = 20
        name = "http_server_request_duration_seconds"
        return Release(
            "pay", [old.exporter], [new.exporter], gray.yaml(), [new], rules=ERRORS + LATENCY, fault="latency=0.8",
            indicators=f"{{requests: {name}_count, latency: {name}, "
                       f"errors: '{name}_count{{http_response_status_code=~\"5..\"}}'}}")

    def _exporters(self):
        ports = [free_port(), free_port()]
        for port in ports:
            program = Program(
                f"node-exporter-{port}", [find("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{port}"],
                self.folder)
            wait_for(f"http://127.0.0.1:{port}/metrics", program)
        self.exporter_ports = ports
        old, new = self._pair("nodes")
        gray = Gray("gray-nodes", self.folder, self.rollguard, [old], [new])
        self.gray_routers.append(gray.program)
        self.loads[gray.port] = 5
        name = "promhttp_metric_handler_requests_total"
        return Release(
            "nodes", [f"127.0.0.1:{ports[0]}"], [f"127.0.0.1:{ports[1]}"], gray.yaml(), [new], interval="2s",
            indicators=f"{{requests: {name}, errors: '{name}{{code=~\"5..\"}}'}}")

    def _alertmanager(self):
        """With its own defaults for grouping: `group_wait` is 30 s."""
        self.alertmanager_port = free_port()
        with open(os.path.join(self.folder, "alertmanager.yml"), "w") as file:
            file.write(f"""\
route: {{receiver: hook, group_by: [alertname, release]}}
receivers:
  - name: hook
    webhook_configs: [{{url: "http://127.0.0.1:{self.from_alertmanager.port}/"}}]
""")
        program = Program(
            "alertmanager",
            [find("prometheus-alertmanager"), "--config.file=alertmanager.yml", "--storage.path=alertmanager-data",
             f"--web.listen-address=127.0.0.1:{self.alertmanager_port}", "--cluster.listen-address="], self.folder)
        wait_for(f"http://127.0.0.1:{self.alertmanager_port}/-/ready", program)

    def _prometheus(self):
        port = free_port()
        targets = [f"127.0.0.1:{self.listen_port}"] + [f"127.0.0.1:{port}" for port in self.exporter_ports]
        listed = ", ".join(f'"{target}"' for target in targets)
        with open(os.path.join(self.folder, "prometheus.yml"), "w") as file:
            file.write(f"""\
global: {{scrape_interval: 5s}}
scrape_configs: [{{job_name: soak, static_configs: [{{targets: [{listed}]}}]}}]
""")
        program = Program(
            "prometheus", [find("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=prometheus-data",
                           f"--web.listen-address=127.0.0.1:{port}"], self.folder)
        wait_for(f"http://127.0.0.1:{port}/-/ready", program)
        self.prometheus_port = port

    def start_load(self):
        Program("load", [self.python, f"{HERE}/load.py", *(f"{port}:{rate}" for port, rate in self.loads.items())],
                self.folder)

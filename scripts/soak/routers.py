"""Real routers, each on loopback with a configuration of its own."""

import json
import os

from programs import Program, fetch, find, free_port, wait_for


def _write(folder, name, text):
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)


class HAProxy:
    """Backends with an old and a new server each, a runtime socket, and an exporter."""

    def __init__(self, name, folder, backends):
        self.ports = {backend: free_port() for backend in backends}
        self.exporter = free_port()
        self.socket = os.path.join(folder, f"{name}.sock")
        parts = "".join(self._backend(backend, *servers) for backend, servers in backends.items())
        _write(folder, f"{name}.cfg", f"""\
global
    stats socket {self.socket} mode 600 level admin
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 10s
frontend exporter
    bind 127.0.0.1:{self.exporter}
    http-request use-service prometheus-exporter if {{ path /metrics }}
{parts}""")
        program = Program(name, [find("haproxy"), "-db", "-f", f"{name}.cfg"], folder)
        wait_for(f"http://127.0.0.1:{self.exporter}/metrics", program)

    def _backend(self, backend, old, new):
        return f"""\
frontend {backend}
    bind 127.0.0.1:{self.ports[backend]}
    default_backend {backend}
backend {backend}
    balance roundrobin
    server old1 {old.address} weight 50
    server new1 {new.address} weight 50
"""


class ProxiedServer:
    """A server as the proxies in front of it count it: for services whose own exposition cannot be trusted."""

    def __init__(self, proxies, backend, server):
        self.urls = [f"http://127.0.0.1:{proxy.exporter}/metrics" for proxy in proxies]
        self.prefix = f'haproxy_server_http_responses_total{{proxy="{backend}",server="{server}"'

    def requests(self):
        lines = (line for url in self.urls for line in fetch(url).splitlines() if line.startswith(self.prefix))
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def haproxy_yaml(proxies, backend):
    sockets = ", ".join(proxy.socket for proxy in proxies)
    return f"{{kind: haproxy, sockets: [{sockets}], backend: {backend}, servers: {{baseline: [old1], canary: [new1]}}}}"


class Nginx:
    """One nginx with a server per release; each split is stored in a file of its own."""

    def __init__(self, folder, sites):
        self.folder = folder
        self.ports = {site: free_port() for site in sites}
        for site in sites:
            _write(folder, f"{site}.conf", f"""\
split_clients "$request_id" ${site}_version {{ 50% {site}_new; * {site}_old; }}
map "" $rollguard_{site} {{ default '{{"canary_basis_points":5000,"revision":"first"}}'; }}
""")
        servers = "".join(self._site(site, *servers) for site, servers in sites.items())
        _write(folder, "nginx.conf", f"""\
daemon off;
worker_processes 2;
pid nginx.pid;
error_log stderr notice;
events {{}}
http {{
    access_log off;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
{servers}}}
""")
        self.command = [find("nginx"), "-p", folder, "-e", "stderr", "-c", "nginx.conf"]
        program = Program("nginx", self.command, folder)
        for port in self.ports.values():
            wait_for(f"http://127.0.0.1:{port}/.rollguard", program)

    def _site(self, site, old, new):
        return f"""\
    include {site}.conf;
    upstream {site}_old {{ server {old.address}; keepalive 8; }}
    upstream {site}_new {{ server {new.address}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{self.ports[site]};
        location / {{ proxy_pass http://${site}_version; }}
        location = /.rollguard {{ default_type application/json; return 200 "$rollguard_{site}\\n"; }}
    }}
"""

    def yaml(self, site):
        command = ", ".join(self.command)
        return (f"{{kind: nginx, include: {self.folder}/{site}.conf, command: [{command}], "
                f"state_url: \"http://127.0.0.1:{self.ports[site]}/.rollguard\", "
                f"split: {{choices: [{{variable: ${site}_version, key: $request_id}}], "
                f"baseline: {site}_old, canary: {site}_new}}}}")


class Caddy:
    """One handler with an old and a new upstream, changed over the admin API."""

    def __init__(self, folder, release, old, new):
        self.release, self.old, self.new = release, old, new
        self.port, self.admin = free_port(), free_port()
        handler = {
            "@id": release, "handler": "reverse_proxy",
            "load_balancing": {"selection_policy": {"policy": "round_robin"}},
            "upstreams": [{"dial": old.address}, {"dial": new.address}],
        }
        server = {"listen": [f"127.0.0.1:{self.port}"], "automatic_https": {"disable": True},
                  "routes": [{"handle": [handler]}]}
        _write(folder, "caddy.json", json.dumps({
            "admin": {"listen": f"127.0.0.1:{self.admin}"}, "apps": {"http": {"servers": {"web": server}}}}))
        program = Program(
            "caddy", [find("caddy"), "run", "--config", "caddy.json"], folder,
            {"HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder})
        wait_for(f"http://127.0.0.1:{self.admin}/config/", program)

    def yaml(self):
        """`method: upstreams` works with Debian's Caddy 2.6 and with newer ones."""
        return (f'{{kind: caddy, instances: ["http://127.0.0.1:{self.admin}"], id: {self.release}, method: upstreams, '
                f'upstreams: {{baseline: ["{self.old.address}"], canary: ["{self.new.address}"]}}}}')


class Gray:
    """Rollguard's own router."""

    def __init__(self, name, folder, rollguard, old, new):
        self.port, self.admin = free_port(), free_port()
        _write(folder, f"{name}.json", json.dumps({
            "state_file": os.path.join(folder, f"{name}.state"), "baseline": [each.address for each in old],
            "canary": [each.address for each in new], "strategy": {"kind": "user_hash", "header": "X-User-Id"},
            "initial_canary_basis_points": 5000, "listen": f"127.0.0.1:{self.port}",
            "admin_listen": f"127.0.0.1:{self.admin}"}))
        self.program = Program(name, [rollguard, "router", "--config", f"{name}.json"], folder)
        wait_for(f"http://127.0.0.1:{self.admin}/-/healthy", self.program)

    def yaml(self):
        return f'{{kind: gray, instances: ["http://127.0.0.1:{self.admin}"]}}'

    def canary_percent(self):
        return json.loads(fetch(f"http://127.0.0.1:{self.admin}/api/v1/split"))["canary_percent"]

"""The releases that are watched, as the configuration has them, and what each must end as."""

from dataclasses import dataclass, field

ERRORS = """\
          - alert: CanaryErrorRate
            indicator: error_rate
            window: 20s
            when: canary > 2 * baseline and canary > 10%
            min_requests: 50
            action: rollback
            annotations: {summary: "generation GENERATION: the canary fails {{ canary }}"}
"""
LATENCY = """\
          - alert: CanaryLatency
            indicator: latency_p99
            window: 20s
            when: canary > 3 * baseline and canary > 300ms
            min_requests: 50
            action: rollback
"""
PROOF = """\
          - alert: CanaryIsWorse
            indicator: error_rate
            regression: {tolerance: 50%, false_alarm: 0.1%}
            action: rollback
"""
CLIENT_LIBRARY = """{requests: http_requests_total, errors: 'http_requests_total{code=~"5.."}'}"""


@dataclass
class Release:
    name: str
    #: Addresses of the targets, per pool.
    baseline: list
    canary: list
    #: The field `router` in YAML.
    router: str
    #: The canary's services: their requests must end, or must not.
    services: list
    rules: str = ERRORS
    indicators: str = CLIENT_LIBRARY
    interval: str = "1s"
    #: Labels that separate the pools in an exposition that both share.
    match: tuple = None
    #: The query that breaks the canary's services; None for a healthy release.
    fault: str = None
    #: Times of the run in seconds: when the fault began, when the canary was seen to serve nothing more.
    fault_at: float = field(default=None, init=False)
    quiet_at: float = field(default=None, init=False)

    def yaml(self, generation):
        def pool(targets, version, match):
            listed = ", ".join(f'"{target}"' for target in targets)
            return f"{{version: {version}, targets: [{listed}]{f', match: {match}' if match else ''}}}"

        matches = self.match or (None, None)
        return f"""\
  - name: {self.name}
    scrape: {{interval: {self.interval}, timeout: 800ms}}
    pools:
      baseline: {pool(self.baseline, "v1", matches[0])}
      canary: {pool(self.canary, "v2", matches[1])}
    indicators: {self.indicators}
    router: {self.router}
    rollback: {{observe_every: 2s}}
    rules:
      - name: {self.name}
        rules:
{self.rules.replace("GENERATION", str(generation))}"""


def configuration(releases, receivers, alertmanager_port, listen_port, generation):
    """The whole file. `generation` makes one file differ from the next in what a reload takes up."""
    lines = [
        "state: state", f"listen: 127.0.0.1:{listen_port}",
        # In the field the pruning runs once an hour: the soak has to see it several times.
        "journal: {prune_every: 20s, retention: 1h}", "receivers:",
    ]
    for receiver in receivers:
        lines.append(
            f'  - {{name: {receiver.name}, kind: webhook, url: "http://127.0.0.1:{receiver.port}/", '
            f"retry: {{min: 200ms, max: 5s}}, headers: {{X-Generation: \"{generation}\"}}}}")
    lines.append(f'  - {{name: alertmanager, kind: alertmanager, url: "http://127.0.0.1:{alertmanager_port}"}}')
    lines.append("releases:")
    return "\n".join(lines) + "\n" + "".join(release.yaml(generation) for release in releases)

import ConfigurationFiles
import Testing

/// One row per error: a piece of the sample configuration, its replacement, and every error that follows.
struct DiagnosticTests {
    private static let readyRules =
        "; the ready rules are regression.yaml, backstop.yaml, error-rate.yaml, latency-p99.yaml, traffic-absent.yaml, "
        + "both-pools-sick.yaml, in /usr/share/rollguard/rules or the folder 'rules' of the sources"

    typealias Row = (piece: String, other: String, expected: [String])

    private static let receiverEnd = "https://hooks.example/a\"}"
    private static let canaryTargets = "[\"10.0.0.2:9090\"]"
    private static let router = "{kind: gray, instances: [\"http://127.0.0.1:9412\"]}"
    private static let kinds =
        "'gray', 'haproxy', 'nginx', 'caddy', 'envoy', 'traefik', 'etcd', 'consul', 'kubernetes' or 'http'"

    private static func expect(_ row: Row) {
        let found = Sample.errors(Sample.load(Sample.changed(row.piece, to: row.other)))
        #expect(found == row.expected.map { $0.hasPrefix("rules/") ? $0 : "rollguard.yaml:" + $0 })
    }

    @Test func theSampleIsValid() {
        let result = Sample.load()
        #expect(result.errors.isEmpty)
        #expect(result.warnings.isEmpty)
        #expect(result.plan != nil)
        #expect(result.files == [Sample.path, Sample.rulePath])
    }

    @Test(
        arguments: [
            (
                "state: /var/lib/rollguard", "stat: x",
                [
                    "1:1: error: the configuration needs 'state'",
                    "1:1: error: unknown field 'stat' in the configuration; did you mean 'state'?",
                ]
            ),
            (
                "state: /var/lib/rollguard", "state:",
                [
                    "1:1: error: 'state' in the configuration has no value; give it one or remove the field"
                ]
            ),
            ("state: /var/lib/rollguard", "state: [a]", ["1:8: error: 'state' must be a text, got a list"]),
            (
                "state: /var/lib/rollguard", "state: \"a\\nb\"",
                [
                    "1:8: error: 'state' has a line break or another control character in it"
                ]
            ),
            ("state: /var/lib/rollguard", "state: ''", ["1:8: error: 'state' is empty"]),
            (
                "state: /var/lib/rollguard", "state: /a\nexternal_url: rollguard.example",
                [
                    "2:15: error: 'external_url' must be a URL, got 'rollguard.example'; it has to begin with http:// or "
                        + "https://"
                ]
            ),
            (
                "state: /var/lib/rollguard", "state: /a\nexternal_url: https://rollguard.example/?part=1",
                ["2:15: error: 'external_url' must be a URL without a query, of at most 500 bytes"]
            ),
            (
                "state: /var/lib/rollguard",
                "state: /a\nexternal_url: https://rollguard.example/" + String(repeating: "a", count: 500),
                ["2:15: error: 'external_url' must be a URL without a query, of at most 500 bytes"]
            ),
            (
                "state: /var/lib/rollguard", "state: /a\nlisten: \"::1:9411\"",
                [
                    "2:9: error: 'listen' must be an address such as 127.0.0.1:9411 or [::1]:9411, got '::1:9411'; an IPv6 address "
                        + "is written in brackets"
                ]
            ),
            (
                "state: /var/lib/rollguard", "state: /a\nlisten: localhost:65536",
                [
                    "2:9: error: 'listen' must be an address such as 127.0.0.1:9411 or [::1]:9411, got 'localhost:65536'; the port "
                        + "must be a number up to 65535"
                ]
            ),
            (
                "state: /var/lib/rollguard", "state: /a\nlisten: {changes: everybody}",
                ["2:19: error: 'changes' must be token, socket or loopback, got 'everybody'"]
            ),
            (
                "state: /var/lib/rollguard", "state: /a\nlisten: {changes: token}",
                ["2:19: error: 'changes: token' needs a token; add 'token_file' or 'token_env'"]
            ),
            (
                "state: /var/lib/rollguard", "state: /a\nlisten: {token_env: T, changes: loopback}",
                [
                    "2:33: error: 'changes: loopback' and a token exclude each other: with a token, every caller that has it "
                        + "may change something"
                ]
            ),
            (
                "state: /var/lib/rollguard", "state: /a\nlisten: {tls: {cert_file: a.pem}}",
                ["2:15: error: 'tls' needs 'key_file'"]
            ),
            (
                "state: /var/lib/rollguard", "state: /a\nlisten: {names: [\"https://a\", \"b:80\"]}",
                [
                    "2:18: error: 'https://a' is not a host name; write it without scheme and port",
                    "2:31: error: 'b:80' is not a host name; write it without scheme and port",
                ]
            ),
            (
                "state: /var/lib/rollguard", "state: /a\njournal: {grace: 1.5s, retention: 20y}",
                [
                    "2:18: error: 'grace' must be a duration such as 500ms, 5s or 1h30m, got '1.5s'; fractions are not allowed, "
                        + "write 1500ms for 1.5s",
                    "2:35: error: 'retention' must be a duration such as 500ms, 5s or 1h30m, got '20y'; units are ms, s, m, h, d and w",
                ]
            ),
            (
                "state: /var/lib/rollguard", "state: /a\njournal: {grace: 30m1h, retention: 5}",
                [
                    "2:18: error: 'grace' must be a duration such as 500ms, 5s or 1h30m, got '30m1h'; each unit is written once, the "
                        + "largest first",
                    "2:36: error: 'retention' must be a duration such as 500ms, 5s or 1h30m, got '5'; a unit is missing: ms, s, m, h, "
                        + "d or w",
                ]
            ),
            (
                "state: /var/lib/rollguard", "state: /a\njournal: {grace: 9999999999999999999s, retention: 0s}",
                [
                    "2:18: error: 'grace' must be a duration such as 500ms, 5s or 1h30m, got '9999999999999999999s'; it is longer "
                        + "than ten years",
                    "2:51: error: 'retention' must be between 1ms and 3650d, got '0s'",
                ]
            ),
            (
                "state: /var/lib/rollguard", "groups: []",
                [
                    "1:1: error: 'groups' belongs in a rule file; name that file under 'rules' of a release"
                ]
            ),
        ] as [Row])
    func daemonSettings(_ row: Row) { Self.expect(row) }

    @Test(
        arguments: [
            (
                "name: oncall", "name: on call",
                [
                    "3:12: error: 'on call' cannot name a receiver; use up to 63 letters, digits, '-', '_' and '.', beginning with a "
                        + "letter or digit"
                ]
            ),
            (
                "  - {name: oncall", "  - {name: oncall, kind: webhook, url: \"http://a\"}\n  - {name: oncall",
                [
                    "4:12: error: receiver \"oncall\" is already in line 3; names are unique"
                ]
            ),
            (
                "kind: webhook", "kind: webhok",
                [
                    "3:26: error: 'kind' must be 'webhook', 'alertmanager-webhook', 'alertmanager', 'cloudevents', 'slack', "
                        + "'discord', 'teams', 'mattermost', 'rocketchat', 'google_chat', 'telegram', 'webex', 'dingtalk', "
                        + "'feishu', 'wecom', 'pagerduty', 'opsgenie', 'splunk_oncall', 'ntfy', 'pushover', 'email', 'sns', "
                        + "'syslog', 'http', 'nats', 'rabbitmq', 'redis_stream' or 'kafka', got 'webhok'; did you mean 'webhook'?"
                ]
            ),
            (
                "https://hooks.example/a", "hooks.example",
                [
                    "3:40: error: 'url' must be a URL, got 'hooks.example'; it has to begin with http:// or https://"
                ]
            ),
            (
                "https://hooks.example/a", "ftp://hooks.example/a",
                [
                    "3:40: error: 'url' must be a URL, got 'ftp://hooks.example/a'; it has to begin with http:// or https://"
                ]
            ),
            (
                "https://hooks.example/a", "https:///a",
                [
                    "3:40: error: 'url' must be a URL, got 'https:///a'; the host is missing"
                ]
            ),
            (
                "https://hooks.example/a", "https://a b/#x",
                [
                    "3:40: error: 'url' must be a URL, got 'https://a b/'; blanks and letters outside ASCII have to be percent-encoded"
                ]
            ),
            (
                receiverEnd, "https://a\", retry: {min: 5s, max: 1s}}",
                [
                    "3:66: error: 'min' must not be longer than 'max'"
                ]
            ),
            (
                receiverEnd, "https://a\", headers: {\"X A\": b, X-B: \"a\\nb\", X-C: a, x-c: b}}",
                [
                    "3:63: error: 'X A' is not a valid header name",
                    "3:78: error: the header 'X-B' has a line break or another control character in it",
                    "3:94: error: the header 'x-c' is given twice; case does not matter",
                ]
            ),
            (
                receiverEnd, "https://a\", tls: {cert_file: a}}",
                [
                    "3:58: error: 'tls' needs 'cert_file' and 'key_file' together"
                ]
            ),
            (
                receiverEnd, "https://a\", tls: {insecure_skip_verify: yes}}",
                [
                    "3:81: error: 'insecure_skip_verify' must be true or false, got 'yes'"
                ]
            ),
            (
                receiverEnd, "https://a\", auth: {}}",
                [
                    "3:59: error: 'auth' needs 'bearer_file', 'bearer_env', 'basic' or 'header'"
                ]
            ),
            (
                receiverEnd, "https://a\", secret_file: a, secret_env: B}",
                [
                    "3:69: error: a receiver has 'secret_file' and 'secret_env'; keep one of them"
                ]
            ),
        ] as [Row])
    func receivers(_ row: Row) { Self.expect(row) }

    @Test(
        arguments: [
            (
                "name: checkout", "name: checkout\n    nam: x",
                [
                    "6:5: error: unknown field 'nam' in release \"checkout\"; did you mean 'name'?"
                ]
            ),
            (
                "releases:\n", "releases: []\nrelease:\n",
                [
                    "4:11: error: 'releases' is empty; there is nothing to watch",
                    "5:1: error: unknown field 'release' in the configuration; did you mean 'releases'?",
                ]
            ),
            ("{interval: 5s}", "5s", ["6:13: error: 'scrape' must be a mapping, got '5s'"]),
            (
                "{interval: 5s}", "{interval: 5s, timeout: 6s}",
                [
                    "6:37: error: 'timeout' (6s) must not be longer than 'interval' (5s): a target is scraped once at a time"
                ]
            ),
            (
                "{interval: 5s}", "{interval: 5s, timeout: 1s, late_after: 1s}",
                [
                    "6:53: error: 'late_after' (1s) must be shorter than 'timeout' (1s), after which no target is waited for"
                ]
            ),
            (
                "{interval: 5s}", "{interval: 10ms}",
                ["6:24: error: 'interval' must be between 100ms and 1d, got '10ms'"]
            ),
            (
                "{interval: 5s}",
                "{path: metrics, body_limit: 2TB, sample_limit: -1, fallback_format: prom, scheme: htp}",
                [
                    "6:20: error: 'path' must begin with '/'",
                    "6:41: error: 'body_limit' must be a size such as 64MB, 10MiB or a number of bytes, got '2TB'",
                    "6:60: error: 'sample_limit' must be a whole number, 0 to 1000000000, got '-1'",
                    "6:81: error: 'fallback_format' must be 'prometheus-text' or 'openmetrics', got 'prom'",
                    "6:95: error: 'scheme' must be 'http' or 'https', got 'htp'; did you mean 'http'?",
                ]
            ),
            (
                "{interval: 5s}", "{interval: 40s}",
                [
                    "rules/errors.yaml:6:17: error: a window of 1m is shorter than two scrape intervals of release \"checkout\" (40s "
                        + "each): a rate is the difference of two scrapes, and one missed scrape would leave nothing to judge; use "
                        + "1m20s or more"
                ]
            ),
            (
                "version: v2", "version: v1",
                [
                    "9:25: error: both pools have version 'v1'; a release compares two versions, or measures one "
                        + "with 'aa: true'"
                ]
            ),
            (
                canaryTargets, "[]",
                ["9:38: error: pool 'canary' has no targets; without any there is nothing to compare"]
            ),
            (
                canaryTargets, "[\"10.0.0.1:9090\"]",
                [
                    "9:39: error: the target '10.0.0.1:9090' is in the baseline as well, in line 8, so it would be compared with "
                        + "itself; where one endpoint has the series of both versions, give each pool its own 'match', "
                        + "for "
                        + "example match: {server: new1}"
                ]
            ),
            (
                canaryTargets, "[\"a:1\", \"http://A:1/metrics\"]",
                [
                    "9:46: error: the target 'A:1' is already in the canary, in line 9"
                ]
            ),
            (
                canaryTargets, "[{address: \"a:3\", instance: \"10.0.0.1:9090\"}]",
                [
                    "9:39: error: an instance '10.0.0.1:9090' is in the baseline as well, in line 8; a target belongs to one version"
                ]
            ),
            (
                canaryTargets, "[\"a\", \"a:1/x\", \"::1:80\", \"a b:1\", \"http://a:0\", {}]",
                [
                    "9:39: error: a target must be an address such as 10.0.0.11:9090, or a URL, got 'a'; the port is missing",
                    "9:44: error: a target must be an address such as 10.0.0.11:9090, or a URL, got 'a:1/x'; an address with a path "
                        + "begins with http:// or https://",
                    "9:53: error: a target must be an address such as 10.0.0.11:9090, or a URL, got '::1:80'; an IPv6 address is "
                        + "written in brackets",
                    "9:63: error: a target must be an address such as 10.0.0.11:9090, or a URL, got 'a b:1'; the host may have "
                        + "letters, digits, '-', '.' and '_'",
                    "9:72: error: a target must be an address such as 10.0.0.11:9090, or a URL, got 'http://a:0'; port 0 cannot be "
                        + "connected to",
                    "9:86: error: a target needs 'address'",
                ]
            ),
            (
                "requests_total", "'requests_total{code=~\"5..}'",
                [
                    "11:39: error: 'requests' is not a valid selector: the quote is not closed"
                ]
            ),
            (
                "      requests: requests_total\n", "",
                [
                    "11:7: error: 'errors' needs 'requests': an error rate is errors by requests",
                    "rules/errors.yaml:5:20: error: error_rate in rule \"CanaryErrors\" needs the selector 'requests', which "
                        + "'indicators' of release \"checkout\" does not have",
                ]
            ),
            (
                "      errors: errors_total\n", "",
                [
                    "rules/errors.yaml:5:20: error: error_rate in rule \"CanaryErrors\" needs the selector 'errors', which "
                        + "'indicators' of release \"checkout\" does not have"
                ]
            ),
            (
                "    rules: [",
                "    rollback: {call_timeout: 2m, deadline: 1m}\n    proof: {below: 1%, cycles: 0}\n    rules: [",
                [
                    "15:30: error: 'call_timeout' must not be longer than 'deadline', the whole rollback's limit",
                    "16:20: error: 'below' must be a rate such as 0.5/s, got '1%'",
                    "16:32: error: 'cycles' must be a whole number, 1 to 1000, got '0'",
                ]
            ),
            (
                "    rules: [", "    drain: {steps: [50%, 40%, 100%], pause: 0s, at_once_above: 20}\n    rules: [",
                [
                    "15:26: error: each of 'steps' takes more of the canary's share away than the one before",
                    "15:45: error: 'pause' must be between 1ms and 3650d, got '0s'",
                    "15:64: error: 'at_once_above' must be a percentage such as 0.1%, got '20'; did you mean '20%'?",
                ]
            ),
            (
                "    rules: [", "    drain: {steps: [50%]}\n    rules: [",
                [
                    "15:12: error: 'drain' needs 'pause'",
                    "15:20: error: the last of 'steps' must be 100%: a rollback leaves nothing to the canary",
                ]
            ),
            (
                "    rules: [", "    drain: {steps: [50%, 100%], pause: 1m}\n    rules: [",
                [
                    "15:40: error: the steps take 1 times 1m (the pause, or two scrapes), and 'deadline' of 'rollback' is 1m; "
                        + "take fewer steps, shorten 'pause' or raise the deadline"
                ]
            ),
            (
                "    rules: [", "    drain: {steps: [], pause: 1s}\n    rules: [",
                ["15:20: error: 'steps' needs 1 to 20 percentages, such as [50%, 100%]"]
            ),
            (
                "rules: [\"rules/*.yaml\"]", "rules: [\"rule/*.yaml\", \"x.yaml\"]",
                [
                    "15:13: error: no file matches 'rule/*.yaml' in the configuration's folder" + readyRules,
                    "15:28: error: cannot use '/etc/rollguard/x.yaml': there is no such file" + readyRules,
                ]
            ),
            (
                "rules: [\"rules/*.yaml\"]", "rules: [\"regresion.yaml\"]",
                [
                    "15:13: error: cannot use '/etc/rollguard/regresion.yaml': there is no such file; did you mean "
                        + "'regression.yaml'? " + readyRules.dropFirst(2)
                ]
            ),
            (
                "rules: [\"rules/*.yaml\"]", "rules: []",
                [
                    "15:12: error: 'rules' is empty; a release without rules is never judged"
                ]
            ),
            (
                "rules: [\"rules/*.yaml\"]", "rules: [\"*.yaml\"]",
                [
                    "4:1: error: this is a configuration, not a rule file; a rule file has 'groups'"
                ]
            ),
            (
                "rules: [\"rules/*.yaml\"]",
                "rules: [\"rules/*.yaml\", {name: g, rules: [{alert: CanaryErrors, indicator: error_rate, window: 1m, when: "
                    + "canary > 1}]}]",
                [
                    "15:55: error: alert \"CanaryErrors\" is already in /etc/rollguard/rules/errors.yaml:4; names are unique in "
                        + "a release"
                ]
            ),
        ] as [Row])
    func releases(_ row: Row) { Self.expect(row) }

    @Test func proofNeedsRequests() {
        let text = Sample.changed(
            "      requests: requests_total\n      errors: errors_total\n", to: "",
            in: Sample.changed("    rules: [", to: "    proof: {below: 1/s}\n    rules: ["))
        let rules = Sample.changed(
            "error_rate", to: "latency_p99", in: Sample.changed(" and canary > 1%", to: "", in: Sample.rules))
        #expect(
            Sample.errors(Sample.load(text, rules: rules)) == [
                "rollguard.yaml:13:12: error: 'proof' needs the indicator 'requests': that the canary's requests stop is the proof"
            ])
    }

    @Test(
        arguments: [
            (router, "{instances: []}", ["14:13: error: 'router' needs 'kind': \(kinds)"]),
            (
                router, "{kind: grey}",
                [
                    "14:20: error: 'kind' must be \(kinds), got 'grey'; did you mean 'gray'?"
                ]
            ),
            (
                router, "{kind: nginx, include: a, state_url: \"http://a/s\", path: /x, split: {choices: []}}",
                [
                    "14:13: error: an nginx router needs 'instances'",
                    "14:36: error: 'include' does not belong to 'instances' and 'path' (an endpoint)",
                    "14:50: error: 'state_url' does not belong to 'instances' and 'path' (an endpoint)",
                    "14:81: error: 'split' does not belong to 'instances' and 'path' (an endpoint)",
                ]
            ),
            (
                router,
                "{kind: nginx, include: a, command: [nginx], state_url: \"http://a/s\", "
                    + "split: {choices: [{variable: v, key: \"$a;\"}], baseline: b, canary: b}}",
                [
                    "14:48: error: 'command' must begin with the program's whole path, got 'nginx'",
                    "14:111: error: 'v' is not a variable such as $checkout_version",
                    "14:119: error: '$a;' is not a key made of variables such as $request_id",
                    "14:149: error: 'canary' and 'baseline' are the same",
                ]
            ),
            (
                router,
                "{kind: caddy, instances: [\"http://a\"], id: a/b, upstreams: {baseline: [\"a:1\"], canary: [\"a:1\", \"b c\"]}}",
                [
                    "14:56: error: 'a/b' is not a valid id; use letters, digits, '-', '_' and '.'",
                    "14:100: error: 'a:1' is listed in 'upstreams' twice; it belongs to one version",
                    "14:100: error: 'b c' is not a valid address",
                ]
            ),
            (
                router, "{kind: haproxy, socket: a, map: {file: f, keys: [a]}}",
                [
                    "14:61: error: 'keys' has one key; write it as 'key'"
                ]
            ),
            (
                router, "{kind: gray, instances: []}",
                [
                    "14:37: error: 'instances' is empty; it needs one URL per instance of the router"
                ]
            ),
            (
                router, "{kind: gray, instances: [\"http://a\", \"http://A:80/\", \"http://b?x=1\"]}",
                [
                    "14:50: error: 'http://A:80/' is listed in 'instances' twice",
                    "14:66: error: an entry of 'instances' must be a URL, got 'http://b?x=***'; an instance's address has no query",
                ]
            ),
            (
                router, "{kind: haproxy}",
                [
                    "14:13: error: a haproxy router needs 'backend'",
                    "14:13: error: a haproxy router needs 'servers'",
                    "14:13: error: a haproxy router needs 'socket' or 'sockets'",
                ]
            ),
            (
                router, "{kind: haproxy, socket: a, backend: b, servers: {baseline: [a], canary: [a, \"b c\"]}}",
                [
                    "14:85: error: 'b c' is not a valid server name; use letters, digits, '-', '_', '.' and ':'",
                    "14:85: error: server 'a' is listed in 'servers' twice; it belongs to one version",
                ]
            ),
            (
                router, "{kind: haproxy, socket: a, backend: b, map: {file: x}}",
                [
                    "14:49: error: 'backend' and 'map' exclude each other: with a map, HAProxy chooses per request",
                    "14:57: error: 'map' needs 'key' or 'keys'",
                ]
            ),
            (
                router,
                "{kind: http, instances: [\"http://a\"], set: [{url: x, method: GETT, expect: [99], conflict: 200}]}",
                [
                    "14:63: error: 'url' must be a path that begins with '/', or a URL, got 'x'",
                    "14:74: error: 'method' must be 'GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'HEAD' or 'OPTIONS', got 'GETT'; did you "
                        + "mean 'GET'?",
                    "14:89: error: an entry of 'expect' must be a whole number, 100 to 599, got '99'",
                ]
            ),
            (
                router,
                "{kind: http, instances: [\"http://a\"], set: [{url: \"/a${b\", expect: 204, conflict: [204]}]}",
                [
                    "14:66: error: the template is not closed; write } after the name",
                    "14:95: error: status 204 is listed in 'expect' and in 'conflict'",
                ]
            ),
            (
                router, "{kind: http, instances: [\"http://a\"], set: [{url: /a, body: {a: 12345678901234567890}}]}",
                [
                    "14:77: error: '12345678901234567890' is too large for a JSON number; put it in quotes"
                ]
            ),
            (
                router,
                "{kind: http, instances: [\"http://a\"], set: [{url: /a, require: [{pointer: x}], capture: {1: {}}}]}",
                [
                    "14:77: error: a requirement needs 'equals'",
                    "14:87: error: 'pointer' must be a JSON pointer such as /weights/0, got 'x'",
                    "14:102: error: '1' is not a valid name of a variable; use letters, digits and '_'",
                ]
            ),
            (
                router,
                "{kind: http, instances: [\"http://a\"], set: [], read_back: {canary: {pointer: /a, filters: [unb46]}}}",
                [
                    "14:56: error: 'set' is empty; it needs at least one step",
                    "14:71: error: 'read_back' needs 'steps'",
                    "14:104: error: an entry of 'filters' must be 'base64', 'unbase64', 'b64', 'unb64', 'fromjson', 'json', 'number', 'int', 'raw', 'text', 'trim' or 'url', got 'unb46'; did "
                        + "you mean 'unb64'?",
                ]
            ),
            (
                router,
                "{kind: http, instances: [\"http://a\"], variables: {k: v}, set: [{url: \"/a$${b/${var.j}\", capture: {etag: {header: "
                    + "E}}, body: \"${weight.canry} ${etag | bas64} ${var.k | url}\"}], read_back: {steps: [{url: "
                    + "\"/${weight.canary}\"}], canary: {pointer: /c}}}",
                [
                    "14:90: error: unknown name 'var.j' in a template; did you mean 'var.k'?",
                    "14:138: error: unknown name 'weight.canry' in a template; did you mean 'weight.canary'?",
                    "14:154: error: unknown filter 'bas64'; did you mean 'base64'?",
                    "14:217: error: unknown name 'weight.canary' in a template; known here are 'release', 'version.canary', "
                        + "'version.baseline', 'instance', 'var.k' or 'etag'",
                ]
            ),
            (
                router, "{kind: haproxy, socket: a, map: {file: \"#3\", key: \"a;b\"}}",
                [
                    "14:52: error: 'file' must have no blanks, quotes, ';', '\\' or '<', and must not begin with '#' or '@'",
                    "14:63: error: 'key' must have no blanks, quotes, ';', '\\' or '<', and must not begin with '#' or '@'",
                ]
            ),
        ] as [Row])
    func routers(_ row: Row) { Self.expect(row) }

    @Test func errorsOfAllFilesComeTogetherInOrder() {
        let result = Sample.load(
            Sample.changed("version: v2", to: "version: v1"), rules: Sample.changed("1m", to: "1x", in: Sample.rules))
        #expect(
            Sample.errors(result).map { $0.prefix(24) } == ["rollguard.yaml:9:25: err", "rules/errors.yaml:6:17: "])
    }

    @Test func theLineAndACaretAreShown() {
        let result = Sample.load(rules: Sample.changed("1%", to: "250ms", in: Sample.rules))
        #expect(
            result.errors.first?.description == """
                /etc/rollguard/rules/errors.yaml:7:50: error: a time cannot be compared with a share (error_rate is a share); \
                write a percentage such as 1%, or a plain number
                        when: canary > 2 * baseline and canary > 250ms
                                                                 ^
                """)
    }
}

import Foundation
import Testing

/// The resolver of the system is given another name server in a mount namespace of its own.
private enum OwnResolver {
    static let isPossible =
        geteuid() == 0 && RealProgram.path("dnsmasq") != nil && RealProgram.path("haproxy") != nil
        && RealProgram.path("unshare") != nil
}

/// A name with two addresses in `targets`, real name server and real services: both are scraped, and each sees the name.
@Suite(
    "A listed name with two addresses",
    .enabled(if: Executable.path != nil && OwnResolver.isPossible, "needs dnsmasq, haproxy and root"))
struct NamedTargetsLiveTests {
    /// `PORT` and `API` are replaced.
    private static let files = [
        "hosts": "127.77.0.1 app.shop.test\n127.77.0.2 app.shop.test\n127.77.0.9 one.shop.test\n",
        "resolv.conf": "nameserver 127.83.1.1\n",
        "haproxy.cfg": #"""
        defaults
            mode http
            timeout client 5s
            timeout connect 1s
            timeout server 5s
        frontend one
            bind 127.77.0.1:PORT
            http-request return status 421 unless { req.hdr(host) app.shop.test:PORT one.shop.test:PORT }
            http-request return status 200 content-type text/plain string "http_requests_total 1000\n"
        frontend two
            bind 127.77.0.2:PORT
            http-request return status 421 unless { req.hdr(host) app.shop.test:PORT one.shop.test:PORT }
            http-request return status 200 content-type text/plain string "http_requests_total 2000\n"
        frontend three
            bind 127.77.0.9:PORT
            http-request return status 421 unless { req.hdr(host) app.shop.test:PORT one.shop.test:PORT }
            http-request return status 200 content-type text/plain string "http_requests_total 3000\n"

        """#,
        "rollguard.yaml": """
        state: state
        listen: 127.0.0.1:API
        releases:
          - name: checkout
            scrape: {interval: 500ms, timeout: 400ms}
            pools:
              baseline: {version: v1, targets: ["app.shop.test:PORT"]}
              canary: {version: v2, targets: ["one.shop.test:PORT"]}
            indicators: {requests: http_requests_total}
            router: {kind: gray, instances: ["http://127.0.0.1:1"]}
            rules: [rules.yaml]

        """,
        "rules.yaml": """
        groups:
          - name: g
            rules:
              - {alert: Silence, indicator: request_rate, when: canary > 1000/s, window: 1m, action: notify}

        """,
        "run.sh": """
        set -u
        mount --make-rprivate / && mount --bind resolv.conf /etc/resolv.conf || { echo UNSHARED; exit 0; }
        dnsmasq --no-daemon --conf-file=/dev/null --port=53 --listen-address=127.83.1.1 --bind-interfaces \\
            --no-resolv --no-hosts --addn-hosts="$PWD/hosts" --local=/test/ >dnsmasq.log 2>&1 &
        haproxy -db -f haproxy.cfg >haproxy.log 2>&1 &
        trap 'kill -KILL $(jobs -p)' EXIT
        for attempt in $(seq 100); do getent hosts app.shop.test >/dev/null && break; sleep 0.05; done
        "$ROLLGUARD" check rollguard.yaml --live
        "$ROLLGUARD" run --config rollguard.yaml >daemon.log 2>&1 &
        for attempt in $(seq 100); do
          "$ROLLGUARD" targets --config rollguard.yaml 2>/dev/null | grep -q '@127.77.0.2  up' && break
          sleep 0.1
        done
        "$ROLLGUARD" targets --config rollguard.yaml
        "$ROLLGUARD" status --config rollguard.yaml
        cat daemon.log

        """,
    ]

    @Test func isScrapedAtBoth() async throws {
        let folder = try Scratch.folder("names")
        let (port, api) = (try Scratch.port(), try Scratch.port())
        for (name, text) in Self.files {
            let filled = text.replacing("PORT", with: "\(port)").replacing("API", with: "\(api)")
            try filled.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        let script = "cd '\(folder.path)' && exec bash run.sh"
        let path = "/usr/sbin:/usr/bin:/sbin:/bin"
        let run = try Executable(
            program: RealProgram.path("unshare"), ["--mount", "bash", "-c", script], folder: folder,
            environment: ["ROLLGUARD": Executable.path ?? "", "PATH": path])
        #expect(await run.end() != nil, "\(run.text)")
        // A container may not be allowed to mount.
        guard !run.text.contains("UNSHARED"), !run.text.contains("unshare failed") else { return }
        let expected = [
            "app.shop.test: it has 2 addresses (127.77.0.1, 127.77.0.2); each of them is scraped as a target",
            "baseline app.shop.test:\(port)@127.77.0.1: ", "source host names in 'targets': 3 targets in force",
            "baseline: 2 targets", "app.shop.test:\(port)@127.77.0.1  up", "app.shop.test:\(port)@127.77.0.2  up",
            "canary: 1 target", "one.shop.test:\(port)  up",
            "app.shop.test has 2 addresses, and each of them is scraped as a target",
        ]
        for text in expected { #expect(run.text.contains(text), "'\(text)' is not in: \(run.text)") }
        try? FileManager.default.removeItem(at: folder)
    }
}

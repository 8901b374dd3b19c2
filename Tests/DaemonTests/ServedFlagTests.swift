import DemoWorld
import Foundation
import Testing

/// The whole way of a flag: a bad canary, the rollback's step, the file, and the provider in an application's process.
@Suite("Flags that the daemon serves", .serialized)
struct ServedFlagTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let python = root.appendingPathComponent(".flags-venv/bin/python").path
    private static let expectsPrograms = ProcessInfo.processInfo.environment["ROLLGUARD_EXPECTS_PROGRAMS"] == "1"
    private static var canRun: Bool {
        Executable.path != nil && (expectsPrograms || FileManager.default.isExecutableFile(atPath: python))
    }

    /// An application: it prints each variant that it has for the flag, and counts its evaluations as Prometheus reads them.
    private static let application = """
        import http.server, sys, threading, time
        from openfeature import api
        from openfeature.contrib.provider.flagd import FlagdProvider
        from openfeature.contrib.provider.flagd.config import ResolverType
        counts = {"on": 0, "off": 0}
        class Metrics(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                text = "".join(f'flag_evaluations_total{{variant="{v}"}} {n}\\n' for v, n in counts.items()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            def log_message(self, *_): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Metrics)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api.set_provider_and_wait(FlagdProvider(
            resolver_type=ResolverType.IN_PROCESS, host="127.0.0.1", port=int(sys.argv[1]), tls=False,
            deadline_ms=20000, retry_backoff_max_ms=500))
        client, last = api.get_client(), None
        while True:
            variant = client.get_boolean_details("new-checkout", True).variant
            counts[variant] = counts.get(variant, 0) + 1
            if variant != last: print(variant, flush=True)
            last = variant
            time.sleep(0.02)
        """

    @Test(.enabled(if: canRun, "only `make test` installs the clients of flags"))
    func aRollbackReachesTheApplication() async throws {
        let (flagPort, metricsPort) = (try Scratch.port(), try Scratch.port())
        let world = try await LiveWorld.start(
            extra:
                "plan: {steps: [{name: new-checkout, kind: flag, at: split, provider: flagd_file, flag: new-checkout, "
                + "file: flags.json, safe_in_code: true, prove: {metric: 'flag_evaluations_total{variant=\"on\"}', "
                + "targets: ['http://127.0.0.1:\(metricsPort)/metrics'], still_for: 2, every: 300ms}}]}")
        let file = world.folder.appendingPathComponent("flags.json")
        try #"{"flags":{"new-checkout":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"on"}}}"#
            .write(
                to: file, atomically: true, encoding: .utf8)
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
        try (text + "flags: {listen: '127.0.0.1:\(flagPort)', file: flags.json}\n").write(
            toFile: world.configurationPath, atomically: true, encoding: .utf8)

        let daemon = try Executable(["run", "--config", world.configurationPath], folder: world.folder)
        #expect(await eventually { daemon.text.contains("is served at 127.0.0.1:\(flagPort)") }, "\(daemon.text)")
        let application = try Executable(
            program: Self.python, ["-u", "-c", Self.application, "\(flagPort)", "\(metricsPort)"],
            folder: world.folder)
        #expect(await eventually { application.text.hasPrefix("on\n") }, "\(application.text)")
        await world.canary.setFault(.errors(share: 0.5))
        #expect(await eventually { application.text == "on\noff\n" }, "\(application.text)\n\(daemon.text)")
        #expect(
            await eventually { daemon.text.contains("new-checkout is proved: flag_evaluations_total{variant=\"on\"}") },
            "\(daemon.text)")
        #expect(daemon.text.contains("new-checkout: on -> off"), "\(daemon.text)")
        #expect(daemon.text.contains("before: on"), "\(daemon.text)")

        // A daemon that starts again serves what the step has set.
        await daemon.kill9()
        let next = try Executable(["run", "--config", world.configurationPath], folder: world.folder)
        #expect(await eventually { next.text.contains("is served at 127.0.0.1:\(flagPort)") }, "\(next.text)")
        let late = try Executable(
            program: Self.python, ["-u", "-c", Self.application, "\(flagPort)", "\(try Scratch.port())"],
            folder: world.folder)
        #expect(await eventually { late.text.hasPrefix("off\n") }, "\(late.text)")
        // The first application has connected again by itself, and takes an edit.
        try #"{"flags":{"new-checkout":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"on"}}}"#
            .write(
                to: file, atomically: true, encoding: .utf8)
        #expect(await eventually { application.text == "on\noff\non\n" }, "\(application.text)")
        for process in [application, late, next] { await process.kill9() }
        await world.stop()
    }
}

import Foundation
import Testing

/// `rollguard init` beside the real routers: what it writes can be used without an edit, or says what is missing.
@Suite("init on real routers", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct InitOnRoutersTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let router: LiveRouter
        /// Beside the targets.
        let options: String
        /// Of the configuration that is written.
        let lines: [String]
        /// What could not be found out, as the terminal shows it; nil where nothing is missing.
        var missing: String?

        var testDescription: String { "\(router.testDescription), \(options)" }
    }

    private static let nginx = "--nginx-command '/usr/sbin/nginx -p . -e stderr -c"
    private static let state = "--nginx http://127.0.0.1:8080/.rollguard/checkout"

    static let rows = [
        Row(
            router: .haproxyWeights, options: "--haproxy 127.0.0.1:9999",
            lines: ["backend: \"checkout\"", "servers: {baseline: [\"old1\"], canary: [\"new1\"]}"]),
        Row(router: .gray, options: "--gray 127.0.0.1:9412", lines: ["instances: [\"http://127.0.0.1:9412\"]"]),
        Row(
            router: .caddyWeights, options: "--caddy 127.0.0.1:2019",
            lines: ["id: \"checkout\"", "upstreams: {baseline: [\"127.0.0.1:8081\"], canary: [\"127.0.0.1:8082\"]}"]),
        Row(
            router: .caddyUpstreams, options: "--caddy http://127.0.0.1:2019",
            lines: ["id: \"checkout\"", "method: upstreams"]),
        Row(
            router: .envoyRuntime, options: "--envoy 127.0.0.1:9901 --name checkout",
            lines: ["clusters: {baseline: \"old\", canary: \"new\"}", "runtime: {prefix: \"split.checkout\"}"]),
        Row(
            router: .envoyFile, options: "--envoy 127.0.0.1:9901 --envoy-file routes/checkout.yaml",
            lines: ["file: \"$PWD/routes/checkout.yaml\""]),
        Row(
            router: .envoyFile, options: "--envoy 127.0.0.1:9901", lines: ["# file: /etc/envoy/routes/checkout.yaml"],
            missing: "--envoy-file"),
        Row(
            router: .traefikFile, options: "--traefik 127.0.0.1:8090 --traefik-file dynamic/checkout.yaml",
            lines: ["service: \"checkout\"", "file: \"$PWD/dynamic/checkout.yaml\""]),
        Row(
            router: .traefikFile, options: "--traefik 127.0.0.1:8090",
            lines: ["services: {baseline: \"old\", canary: \"new\"}", "# file: /etc/traefik/dynamic/checkout.yaml"],
            missing: "--traefik-file"),
        Row(
            router: .nginxSplit, options: "\(state) \(nginx) nginx.conf'",
            lines: [
                "include: \"$PWD/checkout.conf\"", "baseline: \"old\"", "canary: \"new\"",
                "choices: [{variable: \"$checkout_version\", key: \"$request_id\"}]",
            ]),
        Row(
            router: .nginxSplit, options: "\(state) \(nginx) nginx.conf' --name shop", lines: ["# To do: "],
            missing: "the release is 'shop', and the state in"),
        Row(
            router: .nginxSplit, options: "\(state) \(nginx) absent.conf'", lines: ["# Not found out: "],
            missing: "absent.conf"),
        Row(
            router: .nginxUpstream, options: "\(state) \(nginx) nginx-upstream.conf'",
            lines: [
                "include: \"$PWD/upstream.conf\"", "name: \"checkout\"",
                "servers: {baseline: [\"127.0.0.1:8081\"], canary: [\"127.0.0.1:8082\"]}",
            ]),
        Row(
            router: .nginxEndpoint, options: "--nginx 127.0.0.1:8079/split/checkout",
            lines: ["instances: [\"http://127.0.0.1:8079\"]", "path: \"/split/checkout\""]),
    ]

    @Test(.timeLimit(.minutes(10)), arguments: rows)
    func nothingHasToBeEdited(_ row: Row) async throws {
        try await Self.scene(row.router) { scene in
            let made = try await Self.initialize(scene, row.options)
            for line in row.lines { #expect(made.file.contains(scene.adapt(line)), "\(line)\n\(made.file)") }
            guard let missing = row.missing else {
                #expect(made.text.contains("ended with 0"), "\(made.text)\n\(made.file)")
                let check = try await scene.run("rollguard check made/rollguard.yaml; echo ended with $?")
                #expect(check.contains("ended with 0"), "\(check)\n\(made.file)")
                let doctor = try await scene.run("rollguard doctor made/rollguard.yaml; echo ended with $?")
                // A first include is the operator's own.
                let isClean = !doctor.contains("warning  checkout: router") || doctor.contains("was not written by")
                #expect(doctor.contains("ended with 0") && isClean, "\(doctor)")
                return
            }
            #expect(made.text.contains("ended with 1") && made.text.contains(missing), "\(made.text)\n\(made.file)")
            #expect(made.text.contains("next     fill in what is missing"), "\(made.text)")
        }
    }

    /// From `init` to a rollback that is proven, without an edit but for the port and the interval.
    @Test(.timeLimit(.minutes(10)), arguments: [rows[2], rows[4], rows[7], rows[9]])
    func whatIsWrittenRollsBack(_ row: Row) async throws {
        try await Self.scene(row.router) { scene in
            let made = try await Self.initialize(scene, row.options)
            let changed = scene.adapt(made.file).replacing("interval: 5s", with: "interval: 1s")
                .replacing("timeout: 2s", with: "timeout: 900ms")
            #expect(changed != made.file, "\(made.text)")
            try changed.write(toFile: scene.path("made/rollguard.yaml"), atomically: true, encoding: .utf8)
            let load = try scene.process("rollguard load --target 127.0.0.1:8080 --rate 100", log: "load.log")
            try await scene.startDaemon("made/rollguard.yaml")
            let isWatched = await eventually { scene.daemonText.contains("checkout: watching") }
            let rollback = try await scene.run(
                "rollguard rollback checkout --reason 'it is a test' --address 127.0.0.1:9411 --wait 60")
            await load.stop(SIGINT)
            #expect(isWatched && rollback.contains("acknowledged"), "\(rollback)\n\(scene.daemonText)")
            let count = try await scene.run("rollguard load --target 127.0.0.1:8080 --count 200")
            #expect(PageOutput.matches(count, "v1 200, no answer 0"), "\(count)\n\(scene.routerText)")
        }
    }

    private static func initialize(_ scene: Scene, _ options: String) async throws -> (text: String, file: String) {
        let text = try await scene.run(
            "rollguard init --baseline 127.0.0.1:8081 --canary 127.0.0.1:8082 --output made/rollguard.yaml "
                + "\(options); echo ended with $?")
        let file = (try? String(contentsOfFile: scene.path("made/rollguard.yaml"), encoding: .utf8)) ?? ""
        return (text, file)
    }

    private static func scene(_ router: LiveRouter, _ test: @Sendable (Scene) async throws -> Void) async throws {
        try #require(router.pageProblems.isEmpty, "\(router.pageProblems)")
        guard router.missing.isEmpty else {
            try Test.cancel("not installed: \(router.missing.joined(separator: ", ")); see scripts/setup.sh")
        }
        try await FewAtOnce.shared.run {
            let scene = try await Scene(router)
            do {
                try await scene.startRouter()
                try await test(scene)
            } catch {
                await scene.stop()
                throw error
            }
            await scene.stop()
        }
    }
}

import DemoWorld
import Foundation
import Testing

/// A release whose real Prometheus is taken away, and whose series disappear from it.
@Suite(
    "A Prometheus server that is away",
    .enabled(
        if: Executable.path != nil && SampleServerTests.isInstalled(.prometheus), "prometheus is not installed"))
struct ServerAwayTests {
    /// A daemon that reads from a server which has samples of both services.
    private struct Setting {
        let world: LiveWorld
        let server: RealProgram
        let daemon: Executable
        let address: String

        init(
            source: String, rules: String = LiveWorld.errorRule, _ change: (String) -> String = { $0 }
        ) async throws {
            let port = try Scratch.port()
            world = try await LiveWorld.start(rules: rules, extra: SampleServerTests.source(port, source))
            let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
            try change(text).write(toFile: world.configurationPath, atomically: true, encoding: .utf8)
            let targets = try SampleServerTests.targets(world)
            let program = try SampleServerTests.start(.prometheus, port: port, world, targets: targets)
            server = program
            #expect(await SampleServerTests.hasSamples(port, targets: 2), "\(program.text.suffix(2_000))")
            let started = try Executable(["run", "--config", world.configurationPath], folder: world.folder)
            daemon = started
            var found = ""
            #expect(
                await eventually {
                    found = started.text.firstMatch(of: /the API listens on ([0-9.:]+)/).map { String($0.1) } ?? ""
                    return !found.isEmpty
                }, "\(started.text)")
            address = found
            #expect(await isRead(), "\(started.text)")
        }

        /// Whether the newest verdict rests on samples of the server.
        func isRead() async -> Bool { await eventually { try await release().contains("read from a server") } }

        func isScraped() async -> Bool {
            await eventually(100, everyMs: 200) {
                let status = try Executable(["status", "--address", address], folder: world.folder)
                _ = await status.end()
                return status.text.contains("the canary is scraped, because its server gives no samples")
            }
        }

        func release() async throws -> String {
            try await HTTP.send("GET", URL(string: "http://\(address)/api/v1/releases/checkout")!).text
        }

        func has(_ event: String) async -> Bool { await world.sink.firstReceived(event: event) != nil }

        func body(_ event: String) async -> String {
            await world.sink.firstReceived(event: event).map { String(decoding: $0.body, as: UTF8.self) } ?? ""
        }

        func end() async {
            daemon.signal(SIGTERM)
            #expect(await daemon.end()?.status == 0, "\(daemon.text)")
            server.signal(SIGCONT)
            await server.stop()
            await world.stop()
        }
    }

    @Test func aSickCanaryIsRolledBackWhileTheServerIsDead() async throws {
        let setting = try await Setting(source: ", max_age: 2s, fallback: scrape")
        await setting.server.stop()
        #expect(await setting.isScraped(), "\(setting.daemon.text)")
        // Neither the server's end nor the change is a reason for a rollback.
        #expect(await setting.world.sink.received().isEmpty)
        await setting.world.canary.setFault(.errors(share: 0.5))
        #expect(await eventually { await setting.has("rollback_acknowledged") }, "\(setting.daemon.text)")
        #expect(try await setting.world.canaryBasisPoints() == 0)
        let outcome = await setting.body("rollback_acknowledged")
        #expect(!outcome.contains("could not prove"), "\(outcome)")
        let started = await setting.world.sink.received().map { String(decoding: $0.body, as: UTF8.self) }
        #expect(started.contains { $0.contains("is scraped, because its server gives no samples") }, "\(started)")
        await setting.end()
    }

    /// Both versions have the same trouble again and again, also at the time of both changes: were one of them read from the
    /// server while the other one is scraped, or a count taken twice, they would differ for seconds. In the first moments of a
    /// window one pool's scrapes cover more of a trouble than the other's, so the rule has a `for`.
    @Test(.timeLimit(.minutes(3)))
    func aServerThatHangsAndComesBackIsReadAgainWithoutAWrongVerdict() async throws {
        let rule = """
                          - alert: CanaryErrorRate
                            indicator: error_rate
                            window: 10s
                            when: canary > 2 * baseline and canary > 20%
                            for: 2s
                            min_requests: 10
                            action: notify
            """
        let setting = try await Setting(source: ", max_age: 2s, fallback: scrape", rules: rule)
        let services = [setting.world.baseline, setting.world.canary]
        let trouble = Task {
            while !Task.isCancelled {
                for service in services { await service.setFault(.errors(share: 1)) }
                try? await Task.sleep(for: .seconds(3))
                for service in services { await service.setFault(.none) }
                try? await Task.sleep(for: .seconds(8))
            }
            for service in services { await service.setFault(.none) }
        }
        setting.server.signal(SIGSTOP)
        #expect(await setting.isScraped(), "\(setting.daemon.text)")
        setting.server.signal(SIGCONT)
        let isBack = await eventually(2_400) { setting.daemon.text.contains("gives samples again, and is asked") }
        #expect(isBack, "\(setting.daemon.text)")
        #expect(await setting.isRead(), "\(setting.daemon.text)")
        trouble.cancel()
        await trouble.value
        let early = await setting.world.sink.received().map { String(decoding: $0.body, as: UTF8.self) }
        #expect(early.isEmpty, "\(early)")
        await setting.world.canary.setFault(.errors(share: 1))
        #expect(await eventually { await setting.has("alert_firing") }, "\(setting.daemon.text)")
        #expect(await setting.body("alert_firing").contains("read from a server"))
        await setting.end()
    }

    /// The server drops the canary's series of requests as soon as the router shows 0 %, and still scrapes it. That is no silence by
    /// itself: it is one where a series is named that is there whenever requests would be shown.
    @Test(arguments: [true, false])
    func seriesThatDisappearProveSilenceOnlyBesideAPresence(_ isNamed: Bool) async throws {
        let setting = try await Setting(source: "") { text in
            let presence = isNamed ? "      presence: process_start_time_seconds\n" : ""
            return text.replacing("    indicators:\n", with: "    indicators:\n\(presence)")
                .replacing("proof: {below: 5/s}", with: "proof: {below: 0.5/s}")
        }
        let (world, targets) = (setting.world, try SampleServerTests.targets(setting.world))
        await world.canary.setFault(.errors(share: 0.5))
        #expect(await eventually { try await world.canaryBasisPoints() == 0 }, "\(setting.daemon.text)")
        try SampleServerTests.configure(world, targets: targets, dropped: [targets[1]])
        setting.server.signal(SIGHUP)
        #expect(await eventually(1_200) { await setting.has("rollback_acknowledged") }, "\(setting.daemon.text)")
        let outcome = await setting.body("rollback_acknowledged")
        #expect(outcome.contains("no longer has the series http_requests_total") != isNamed, "\(outcome)")
        #expect(outcome.contains("could not prove") != isNamed, "\(outcome)")
        await setting.end()
    }
}

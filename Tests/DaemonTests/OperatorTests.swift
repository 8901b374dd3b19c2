import DemoWorld
import Foundation
import Telemetry
import Testing

/// A daemon that runs, and people who talk to it with the command line and over the API.
@Suite("A running daemon", .serialized, .enabled(if: Executable.path != nil, "the executable is not built"))
struct OperatorTests {
    /// Starts the daemon and waits until every release has completed a cycle.
    private static func start(_ world: LiveWorld, _ arguments: [String] = []) async throws -> (Executable, String) {
        let daemon = try Executable(["run", "--config", world.configurationPath] + arguments, folder: world.folder)
        var address = ""
        let isReady = await eventually {
            guard let match = daemon.text.firstMatch(of: /the API listens on ([0-9.:]+)/) else { return false }
            address = String(match.1)
            return try await HTTP.send("GET", URL(string: "http://\(address)/-/ready")!).status == 200
        }
        #expect(isReady, "\(daemon.text)")
        return (daemon, address)
    }

    private static func run(_ arguments: [String], _ world: LiveWorld) async throws -> (status: Int32?, text: String) {
        let command = try Executable(arguments, folder: world.folder)
        let end = await command.end()
        return (end?.status, command.text)
    }

    @Test func oneCommandRollsBackAndWhyAndRearmFollow() async throws {
        let world = try await LiveWorld.start()
        let (daemon, address) = try await Self.start(world)
        var shown = ""
        let isWatching = await eventually(100) {
            let status = try await Self.run(["status", "--address", address], world)
            shown = status.text
            return status.status == 0 && shown.contains("checkout: watching")
        }
        #expect(isWatching, "\(shown)")

        let rollback = try await Self.run(
            ["rollback", "checkout", "--reason", "carts are empty", "--address", address], world)
        #expect(rollback.status == 0, "\(rollback.text)\n\(daemon.text)")
        #expect(try await world.canaryBasisPoints() == 0)
        let why = try await Self.run(["why", "--address", address], world)
        #expect(
            why.status == 0 && why.text.contains("carts are empty") && why.text.contains("acknowledged"), "\(why.text)")

        let rearm = try await Self.run(
            ["rearm", "checkout", "--reason", "it was the cache", "--address", address], world)
        #expect(rearm.status == 0, "\(rearm.text)")
        let unknown = try await Self.run(["rollback", "nothing", "--reason", "x", "--address", address], world)
        #expect(unknown.status == 1 && unknown.text.contains("nothing"), "\(unknown.text)")
        daemon.signal(SIGTERM)
        #expect(await daemon.end()?.status == 0)
        await world.stop()
    }

    /// After the proof something puts the canary back: it is taken out again, and a notification is sent.
    @Test func aSplitThatIsPutBackIsTakenOutAgain() async throws {
        let world = try await LiveWorld.start()
        await world.canary.setFault(.errors(share: 0.5))
        let (daemon, _) = try await Self.start(world)
        #expect(
            await eventually { await world.sink.firstReceived(event: "rollback_acknowledged") != nil }, "\(daemon.text)"
        )
        let url = try #require(URL(string: "http://\(world.adminAddress)/api/v1/split"))
        #expect(try await HTTP.send("PUT", url, body: #"{"canary_percent":30}"#).status == 200)
        let isCorrected = await eventually {
            let isOut = try await world.canaryBasisPoints() == 0
            return await world.sink.firstReceived(event: "rollback_drifted") != nil && isOut
        }
        #expect(isCorrected, "\(daemon.text)")
        await daemon.kill9()
        await world.stop()
    }

    /// An operator takes the old version down and gives the new one its traffic by hand: nothing is moved to a pool
    /// without servers, until an operator asks for it.
    @Test func aSplitThatIsPutBackStaysWhileTheBaselineIsAway() async throws {
        let world = try await LiveWorld.start()
        await world.canary.setFault(.errors(share: 0.5))
        let (daemon, address) = try await Self.start(world)
        #expect(
            await eventually { await world.sink.firstReceived(event: "rollback_acknowledged") != nil }, "\(daemon.text)"
        )
        await world.baseline.stop()
        var status = ""
        let isAway = await eventually {
            status = try await Self.run(["status", "--address", address], world).text
            return status.contains("cannot connect")
        }
        #expect(isAway, "\(status)")
        let url = try #require(URL(string: "http://\(world.adminAddress)/api/v1/split"))
        #expect(try await HTTP.send("PUT", url, body: #"{"canary_percent":30}"#).status == 200)
        #expect(await eventually { await world.sink.firstReceived(event: "rollback_held") != nil }, "\(daemon.text)")
        #expect(try await world.canaryBasisPoints() == 3_000)

        let rollback = try await Self.run(
            ["rollback", "checkout", "--reason", "an empty cart is better", "--address", address], world)
        #expect(rollback.status == 0, "\(rollback.text)\n\(daemon.text)")
        #expect(try await world.canaryBasisPoints() == 0)
        let why = try await Self.run(["why", "--address", address], world)
        #expect(why.text.contains("an empty cart is better"), "\(why.text)")
        await daemon.kill9()
        await world.stop()
    }

    @Test func aDryRunDecidesAndMovesNothing() async throws {
        let world = try await LiveWorld.start()
        await world.canary.setFault(.errors(share: 0.5))
        let (daemon, _) = try await Self.start(world, ["--dry-run"])
        #expect(await eventually { daemon.text.contains("would call") }, "\(daemon.text)")
        #expect(try await world.canaryBasisPoints() == 3_000)
        await daemon.kill9()
        await world.stop()
    }

    @Test func aReloadChangesEverythingOrNothing() async throws {
        let world = try await LiveWorld.start()
        try world.allowLoopbackChanges()
        let (daemon, address) = try await Self.start(world)
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
        let reload = try #require(URL(string: "http://\(address)/-/reload"))
        try text.replacingOccurrences(of: "canary > 5%", with: "canary > 5 parsecs").write(
            toFile: world.configurationPath, atomically: true, encoding: .utf8)
        let refused = try await HTTP.send("POST", reload)
        #expect(
            refused.status == 400 && refused.text.contains("error:") && refused.text.contains("parsecs"),
            "\(refused.text)")
        try text.replacingOccurrences(of: "CanaryErrorRate", with: "Renamed").write(
            toFile: world.configurationPath, atomically: true, encoding: .utf8)
        daemon.signal(SIGHUP)
        let rules = try #require(URL(string: "http://\(address)/api/v1/rules"))
        #expect(await eventually { try await HTTP.send("GET", rules).text.contains("Renamed") }, "\(daemon.text)")
        await daemon.kill9()
        await world.stop()
    }

    /// The router is gone, so the rollback stays open; a reload that drops the release would abandon it.
    @Test func aReloadDoesNotDropARollbackThatIsOpen() async throws {
        let world = try await LiveWorld.start()
        try world.allowLoopbackChanges()
        let (daemon, address) = try await Self.start(world)
        #expect(await eventually { daemon.text.contains("checkout: watching") }, "\(daemon.text)")
        await world.router.stop()
        let rollback = try #require(URL(string: "http://\(address)/api/v1/releases/checkout/rollback"))
        #expect(try await HTTP.send("POST", rollback, body: #"{"reason":"test"}"#).status == 202)
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
        try text.replacingOccurrences(of: "version: v2", with: "version: v3").write(
            toFile: world.configurationPath, atomically: true, encoding: .utf8)
        let reload = try #require(URL(string: "http://\(address)/-/reload"))
        let refused = try await HTTP.send("POST", reload)
        #expect(refused.status == 400 && refused.text.contains("checkout is being rolled back"), "\(refused.text)")
        await daemon.kill9()
        await world.stop()
    }

    /// Without a token a change is taken on the unix socket only; the command line finds it, others get its address.
    @Test func theCommandLineNeedsNoTokenOnItsOwnMachine() async throws {
        let world = try await LiveWorld.start()
        let (daemon, address) = try await Self.start(world)
        #expect(await eventually { daemon.text.contains("checkout: watching") }, "\(daemon.text)")
        let rollback = try #require(URL(string: "http://\(address)/api/v1/releases/checkout/rollback"))
        let refused = try await HTTP.send("POST", rollback, body: #"{"reason":"test"}"#)
        #expect(refused.status == 403 && refused.text.contains("/rollguard.sock"), "\(refused.text)")
        let call = ["rollback", "checkout", "--reason", "test", "--address", address]
        let done = try await Self.run(call, world)
        #expect(done.status == 0, "\(done.text)")
        let socket = world.statePath + "/rollguard.sock"
        let rearm = try await Self.run(["rearm", "checkout", "--reason", "test", "--socket", socket], world)
        #expect(rearm.status == 0, "\(rearm.text)")
        await daemon.kill9()
        await world.stop()
    }

    /// What we say of ourselves is a scrape body that we, and so Prometheus, can read.
    @Test func itsOwnMetricsAreAReadableExposition() async throws {
        let world = try await LiveWorld.start()
        let (daemon, address) = try await Self.start(world)
        let answer = try await HTTP.send("GET", URL(string: "http://\(address)/metrics")!)
        let format = try ExpositionFormat(contentType: answer.contentType, fallback: nil)
        let names = Set(try Exposition.metricNames(in: [UInt8](answer.body), format: format))
        for name in [
            "rollguard_build_info", "rollguard_scrapes_total", "rollguard_targets", "process_start_time_seconds",
        ] {
            #expect(names.contains(name), "\(name) is missing in \(names.sorted())")
        }
        await daemon.kill9()
        await world.stop()
    }

    /// A target that misbehaves is named; the others are still watched.
    @Test func aBadTargetIsAClearErrorAndTheOthersGoOn() async throws {
        let world = try await LiveWorld.start()
        await world.canary.setFault(.crash)
        let (daemon, address) = try await Self.start(world)
        let status = try #require(URL(string: "http://\(address)/api/v1/status"))
        #expect(
            await eventually {
                let text = try await HTTP.send("GET", status).text
                return text.contains("cannot connect to") && text.contains("\"up\":true")
            })
        #expect(daemon.text.contains("canary") && daemon.text.contains("cannot be scraped: cannot connect to"))
        let metrics = try await HTTP.send("GET", URL(string: "http://\(address)/metrics")!)
        #expect(
            metrics.text.contains("rollguard_scrapes_total{release=\"checkout\",pool=\"canary\",result=\"failure\"}"))
        await daemon.kill9()
        await world.stop()
    }
}

import DemoWorld
import Foundation
import Testing

/// A release whose samples are read from a real server that scrapes the services.
@Suite("A Prometheus server as the source", .enabled(if: Executable.path != nil))
struct SampleServerTests {
    enum Server: String, CaseIterable {
        case prometheus
        case victoria = "victoria-metrics"
    }

    static func isInstalled(_ server: Server) -> Bool { RealProgram.path(server.rawValue) != nil }

    private static let installed = Server.allCases.filter(isInstalled)

    /// Starts the server, which scrapes both services of the world every 500 ms.
    static func start(_ server: Server, port: Int, _ world: LiveWorld, targets: [String]) throws -> RealProgram {
        let file = try configure(world, targets: targets)
        let data = world.folder.appendingPathComponent("samples").path
        let arguments =
            switch server {
            case .prometheus:
                ["--config.file=\(file)", "--storage.tsdb.path=\(data)", "--web.listen-address=127.0.0.1:\(port)"]
            case .victoria:
                [
                    "-promscrape.config=\(file)", "-storageDataPath=\(data)", "-httpListenAddr=127.0.0.1:\(port)",
                    "-memory.allowedBytes=64MiB",
                ]
            }
        return try RealProgram(server.rawValue, arguments, folder: world.folder)
    }

    /// Writes what the server scrapes.
    ///
    /// - Parameter dropped: of the targets whose series of requests the server is to drop.
    /// - Returns: the file.
    @discardableResult
    static func configure(_ world: LiveWorld, targets: [String], dropped: [String] = []) throws -> String {
        let list = targets.map { "\"\($0)\"" }.joined(separator: ", ")
        let drops = dropped.map {
            """

                  - {source_labels: [__name__, instance], separator: ";", regex: "http_request.*;\($0)", action: drop}
            """
        }.joined()
        let configuration = """
            scrape_configs:
              - job_name: shop
                scrape_interval: 500ms
                scrape_timeout: 400ms
                static_configs: [{targets: [\(list)]}]
                metric_relabel_configs:
                  - {regex: "unused", action: labeldrop}\(drops)

            """
        let file = world.folder.appendingPathComponent("scrape.yml").path
        try configuration.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    static func source(_ port: Int, _ further: String = "") -> String {
        "source: {kind: prometheus, url: \"http://127.0.0.1:\(port)\"\(further)}"
    }

    /// Waits until the server has several samples of each target.
    static func hasSamples(_ port: Int, targets: Int) async -> Bool {
        let query = "count(count_over_time(up[10s])>=3)".addingPercentEncoding(withAllowedCharacters: .alphanumerics)!
        let url = URL(string: "http://127.0.0.1:\(port)/api/v1/query?query=\(query)")!
        return await eventually { try await HTTP.send("GET", url).text.contains("\"\(targets)\"]") }
    }

    /// The addresses of the two services, as the configuration has them.
    static func targets(_ world: LiveWorld) throws -> [String] {
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
        return text.matches(of: /targets: \["([^"]+)"\]/).map { String($0.output.1) }
    }

    @Test(arguments: installed)
    func aRollbackIsProvenBySamplesOfTheServer(_ server: Server) async throws {
        let port = try Scratch.port()
        let world = try await LiveWorld.start(extra: Self.source(port))
        let program = try Self.start(server, port: port, world, targets: try Self.targets(world))
        let daemon = try Executable(["run", "--config", world.configurationPath], folder: world.folder)
        // The service does not fail before the server's first samples of it: what was before is no part of the release.
        let isSeen = await eventually { daemon.text.contains("has samples again") || daemon.text.contains("watching") }
        try? await Task.sleep(for: .seconds(isSeen ? 4 : 0))
        await world.canary.setFault(.errors(share: 0.5))
        let isProven = await eventually { await world.sink.firstReceived(event: "rollback_acknowledged") != nil }
        #expect(isProven, "\(daemon.text)\n\(program.text.suffix(2_000))")
        #expect(try await world.canaryBasisPoints() == 0)
        // The verdict says how old its samples were.
        let evidence = await world.sink.received().map { String(decoding: $0.body, as: UTF8.self) }
        #expect(evidence.contains { $0.contains("read from a server, which scrapes every") }, "\(evidence)")
        daemon.signal(SIGTERM)
        #expect(await daemon.end()?.status == 0, "\(daemon.text)")
        await program.stop()
        await world.stop()
    }

    /// One daemon scrapes the services and another one asks the server: the same alerts fire and are resolved.
    @Test(.enabled(if: isInstalled(.prometheus), "prometheus is not installed"))
    func scrapingAndTheServerGiveTheSameVerdicts() async throws {
        let rule = """
                          - alert: CanaryErrorRate
                            indicator: error_rate
                            window: 4s
                            when: canary > 2 * baseline and canary > 5%
                            min_requests: 10
                            action: notify
            """
        let world = try await LiveWorld.start(rules: rule)
        let port = try Scratch.port()
        let program = try Self.start(.prometheus, port: port, world, targets: try Self.targets(world))
        let second = world.folder.appendingPathComponent("second.yaml").path
        let sink = WebhookSink()
        let hook = try await sink.start()
        try String(contentsOfFile: world.configurationPath, encoding: .utf8)
            .replacing("/state\n", with: "/second\n").replacing("url: \"http", with: "url: \"http")
            .replacing(/url: "http:\/\/[^"]+\/hook"/, with: "url: \"http://\(hook)/hook\"")
            .replacing("    indicators:", with: "    \(Self.source(port))\n    indicators:")
            .write(toFile: second, atomically: true, encoding: .utf8)
        let daemons = try [world.configurationPath, second].map {
            try Executable(["run", "--config", $0], folder: world.folder)
        }
        func bothHave(_ event: String) async -> Bool {
            await eventually {
                let first = await world.sink.firstReceived(event: event)
                let other = await sink.firstReceived(event: event)
                return first != nil && other != nil
            }
        }
        try await Task.sleep(for: .seconds(5))
        for sinks in [world.sink, sink] { #expect(await sinks.firstReceived(event: "alert_firing") == nil) }
        await world.canary.setFault(.errors(share: 0.5))
        #expect(await bothHave("alert_firing"), "\(daemons.map(\.text))\n\(program.text.suffix(2_000))")
        await world.canary.setFault(.none)
        #expect(await bothHave("alert_resolved"), "\(daemons.map(\.text))")
        for daemon in daemons {
            daemon.signal(SIGTERM)
            #expect(await daemon.end()?.status == 0, "\(daemon.text)")
        }
        await program.stop()
        await sink.stop()
        await world.stop()
    }
}

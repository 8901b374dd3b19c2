import Kernel
import Logging
import Model
import Ports
import Synchronization
import Telemetry
import Testing

@testable import Daemon
@testable import Notifications

private struct OneSecret: SecretStore {
    let text: String

    func secret(_ reference: SecretReference) throws(SecretError) -> String { text }
}

/// Keeps what reaches the log.
private struct RecordingHandler: LogHandler {
    final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    let lines: Lines
    var logLevel = Logger.Level.trace
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.all.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
}

@Suite("What the daemon shows of others' answers")
struct KnownSecretsTests {
    private static func secrets() throws -> KnownSecrets {
        let secrets = KnownSecrets(OneSecret(text: "scrape-SECRET-2"))
        _ = try secrets.secret(.environment("X"))
        return secrets
    }

    @Test func everyInputOfTheKernelIsMadeFitToBeShown() throws {
        let secrets = try Self.secrets()
        let evil = "Bearer scrape-SECRET-2\n2026 info: all is well\u{1B}[2J"
        let inputs: [Input] = [
            .scraped(
                ScrapeReport(release: "r", pool: .canary, target: 0, instance: "i", outcome: .failure(evil))),
            .scraped(
                ScrapeReport(
                    release: "r", pool: .canary, target: 0, instance: "i",
                    outcome: .success(TargetReading(movingSeries: [evil]), warnings: [evil]))),
            .routerApplied(
                release: "r", call: 1,
                receipts: [RouterReceipt(instance: "lb", outcome: .rejected, detail: evil)]),
            .routerObserved(
                release: "r", call: 1,
                observations: [
                    RouterObservation(
                        instance: "lb", canaryBasisPoints: nil, level: .none, revision: evil, problem: evil)
                ]),
            .journalFailing(reason: evil),
        ]
        for input in inputs {
            let shown = "\(secrets.shown(input))"
            #expect(!shown.contains("SECRET") && shown.contains("***"), "\(shown)")
            #expect(!shown.contains("\\n2026") || shown.contains("\\\\n2026"), "\(shown)")
            #expect(!shown.unicodeScalars.contains("\u{1B}"))
        }
    }

    @Test func aLineOfTheLogStaysOneLineWithoutASecret() throws {
        let lines = RecordingHandler.Lines()
        var logger = Logger(label: "test") { _ in RecordingHandler(lines: lines) }
        logger.handler = SafeLogHandler(logger.handler, secrets: try Self.secrets())
        logger.info("a scrape-SECRET-2\nforged line", metadata: ["k": "scrape-SECRET-2"])
        let logged = lines.all.withLock { $0 }
        #expect(logged.count == 1)
        #expect(logged.first?.hasPrefix("a ***\\nforged line") == true && logged.first?.contains("SECRET") == false)
    }

    @Test func addressesWithCredentialsAreSecrets() {
        let secrets = KnownSecrets(OneSecret(text: "x"))
        let slack = ReceiverPlan(
            name: "chat", kind: SlackKind.kind, url: "https://hooks.slack.com/services/T000/B000/abcdefghijkl")
        let hook = ReceiverPlan(name: "hook", kind: WebhookKind.kind, url: "https://hooks.example/plain/path")
        secrets.remember(
            addressesOf: Plan(daemon: DaemonPlan(stateDirectory: "s"), receivers: [slack, hook], releases: []))
        #expect(secrets.shown("POST /services/T000/B000/abcdefghijkl") == "POST ***")
        #expect(secrets.shown("cannot connect to https://hooks.example/plain/path").hasSuffix("/plain/path"))
    }
}

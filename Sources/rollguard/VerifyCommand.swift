import API
import ArgumentParser
import SystemSupport

/// Says whether a report is as the daemon signed it.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the signature of an incident's report.",
        discussion: """
            `GET /api/v1/incidents/ID/report`, and the incident's view in a browser, give a
            report: one HTML file whose last line is its signature. The daemon's public key is at
            /api/v1/report-key; without --key the key that the report names is used, which
            shows that the report was not changed, but not who made it.

              rollguard verify checkout-17.html --key "$(curl -s localhost:9411/api/v1/report-key)"

            Exit code 1 when the report is not as it was signed.
            """)

    @Argument(help: "The report.", completion: .file(extensions: ["html"]))
    var file: String

    @Option(help: "The daemon's public key, base64.")
    var key: String?

    func run() throws {
        let content: RegularFile.Content
        do { content = try RegularFile.read(file, limitBytes: SignedReport.limitBytes) } catch {
            throw Failure.usage("\(file): \(error.reason)")
        }
        let report: SignedReport
        do throws(SignedReport.Problem) {
            report = try SignedReport(content.bytes)
            try report.verify(with: key)
        } catch { throw Failure.no("\(file): \(error)") }
        Terminal.say("\(file): as it was signed by the key \(report.publicKey)")
        if key == nil {
            Terminal.say(
                "compare the key with that of the daemon, or name it: --key \"$(curl -s DAEMON/api/v1/report-key)\"")
        }
    }
}

import ArgumentParser
import ConfigurationFiles
import Foundation
import HTTPClient
import Model
import Ports
import Support

/// Writes a configuration for a service by asking its targets and its router.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a configuration by asking the targets and the router what there is.",
        discussion: """
            Scrapes each target, recognises what exports its metrics, asks the router
            which backend has servers at these addresses, and writes a commented
            configuration with the ready rules beside it. Then it checks the file and
            shows what it sees. On a terminal it asks for what is missing. What cannot
            be found out stays as a comment in the file. Existing files are not
            overwritten.

              rollguard init --baseline 10.0.0.11:9090,10.0.0.12:9090 \\
                  --canary 10.0.0.21:9090 --haproxy /run/haproxy/admin.sock

            Exit code 0 when the configuration can be used as it is, 1 when something
            has to be filled in, or a file is there already.
            """)

    @Option(help: ArgumentHelp("Targets of the old version, HOST:PORT or URLs.", valueName: "targets"))
    var baseline: String?

    @Option(help: ArgumentHelp("Targets of the new version.", valueName: "targets"))
    var canary: String?

    @Option(help: ArgumentHelp("HAProxy's runtime socket, a path or HOST:PORT.", valueName: "socket"))
    var haproxy: String?

    @Option(help: ArgumentHelp("Caddy's admin address.", valueName: "url"))
    var caddy: String?

    @Option(help: ArgumentHelp("Envoy's admin address.", valueName: "url"))
    var envoy: String?

    @Option(help: ArgumentHelp("The gray router's admin address.", valueName: "url"))
    var gray: String?

    @Option(
        help: ArgumentHelp("Where nginx serves the state of Rollguard's include, or its endpoint.", valueName: "url"))
    var nginx: String?

    @Option(
        help: ArgumentHelp(
            "The program and the arguments that make it this nginx; its configuration is read with -T. "
                + "[default: /usr/sbin/nginx]", valueName: "command"))
    var nginxCommand: String?

    @Option(help: ArgumentHelp("Traefik's API.", valueName: "url"))
    var traefik: String?

    @Option(
        help: ArgumentHelp(
            "The file that Envoy reads its routes from, where the runtime has no key.", valueName: "path"))
    var envoyFile: String?

    @Option(help: ArgumentHelp("The file of Traefik's file provider that has the weights.", valueName: "path"))
    var traefikFile: String?

    @Option(help: ArgumentHelp("The router's names of the old version's servers, where addresses do not show them."))
    var baselineServers: String?

    @Option(help: ArgumentHelp("The router's names of the new version's servers."))
    var canaryServers: String?

    @Option(help: "The name of the release. [default: the router's backend]")
    var name: String?

    @Option(help: "The old version. [default: what the targets say]")
    var baselineVersion: String?

    @Option(help: "The new version. [default: what the targets say]")
    var canaryVersion: String?

    @Option(help: "The file to write; rules go into the folder 'rules' beside it.")
    var output = "rollguard.yaml"

    @Option(help: "The state folder. [default: rollguard-state beside the configuration]")
    var state: String?

    func run() async throws {
        let files = InitFiles(output: output)
        try files.requireAbsent()
        let answers = try InitAnswers(self)
        let transport = CurlTransport(userAgent: "Rollguard/\(Rollguard.version)", secrets: SystemSecretStore())
        let isUsable: Bool
        do {
            isUsable = try await write(answers, files, transport)
        } catch {
            await transport.shutdown()
            throw error
        }
        await transport.shutdown()
        guard isUsable else { throw ExitCode(Failure.no) }
    }

    /// - Returns: whether the configuration can be used as it is.
    private func write(_ answers: InitAnswers, _ files: InitFiles, _ transport: CurlTransport) async throws -> Bool {
        let survey = await InitSurvey.make(answers, transport: transport)
        for finding in survey.findings { Terminal.say(finding) }
        guard survey.hasTargets else {
            throw Failure.unreachable("error: no target could be read, so there is nothing to write a configuration of")
        }
        let configuration = survey.configuration(state: state ?? "rollguard-state")
        let ready = configuration.rules.map { String($0.dropFirst("rules/".count)) }
        let written = try files.write(configuration: configuration.text, rules: ready)
        Terminal.say("wrote    \(written.joined(separator: ", "))")
        return await report(configuration, transport)
    }

    private func report(_ configuration: InitConfiguration, _ transport: CurlTransport) async -> Bool {
        let result = Rulebook.load(configuration: output, files: DiskFiles(), kinds: .all)
        let errors = result.errors + result.impossible
        for diagnostic in errors + result.warnings { Terminal.complain("\(diagnostic)") }
        guard let plan = result.plan, errors.isEmpty, configuration.isComplete else {
            Terminal.say("next     fill in what is missing, then: rollguard check \(output)")
            return false
        }
        Terminal.say(CheckupFinding.ok("configuration", "\(output) can be used"))
        for release in plan.releases {
            for finding in await RouterCheckup(release: release, transport: transport).findings() {
                Terminal.say(finding)
            }
        }
        Terminal.say("next     rollguard run --config \(output) --dry-run    (decides, and moves no traffic)")
        Terminal.say("         rollguard run --config \(output)")
        return true
    }
}

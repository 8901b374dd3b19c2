import ArgumentParser
import ConfigurationFiles
import HTTPClient
import Model
import Support

/// Tries everything that a configuration names, as far as that changes nothing.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Try everything that a configuration names, without changing anything.",
        discussion: """
            Scrapes every target once and says which series each indicator matches,
            reads the router and shows the calls that a rollback would make, reads the
            files and secrets of receivers, and examines the state folder, the clock and
            the limit of open files. One line each: ok, warning or error, with what to
            do. Nothing is written, no router is changed and no message is sent.

              rollguard doctor rollguard.yaml

            Exit code 0 without an error, 1 with one.
            """)

    @Argument(
        help: "The configuration. [default: rollguard.yaml, /etc/rollguard/rollguard.yaml]",
        completion: .file(extensions: ["yaml", "yml"]))
    var file: String?

    func run() async throws {
        let file = try DefaultPaths.configuration(file)
        let result = Rulebook.load(configuration: file, files: DiskFiles(), kinds: .all)
        for diagnostic in result.warnings { say(.warning("configuration", "\(diagnostic)")) }
        let errors = result.errors + result.impossible
        for diagnostic in errors { say(.error("configuration", "\(diagnostic)")) }
        guard let plan = result.plan else {
            throw Failure.no("the configuration cannot be used; nothing else was tried")
        }
        if errors.isEmpty { say(.ok("configuration", "\(file) can be used")) }
        var count = errors.count
        for finding in HostCheckup(plan: plan).findings() { count += say(finding) }
        let transport = CurlTransport(userAgent: "Rollguard/\(Rollguard.version)", secrets: SystemSecretStore())
        for release in plan.releases {
            for finding in await TargetCheckup(release: release, transport: transport).findings() {
                count += say(finding)
            }
            for finding in await RouterCheckup(release: release, transport: transport).findings() {
                count += say(finding)
            }
        }
        await transport.shutdown()
        for release in plan.releases { for finding in Self.offer(release) { say(finding) } }
        for receiver in plan.receivers { for finding in ReceiverCheckup.findings(receiver) { count += say(finding) } }
        guard count == 0 else {
            throw Failure.no("\(count) \(count == 1 ? "error" : "errors"); see the lines that begin with 'error'")
        }
    }

    /// What can only be found out with the same version in both pools.
    private static func offer(_ release: ReleasePlan) -> [CheckupFinding] {
        guard release.asksForProof else { return [] }
        let text =
            release.isAA
            ? "this A/A release measures what the pools themselves differ by; rules only notify"
            : "no baseline shows whether the pools wander apart by themselves; an A/A release does: the same version in both "
                + "pools and 'aa: true', for an hour or more"
        return [.ok("\(release.name): pools", text)]
    }

    /// 1 for an error.
    @discardableResult
    private func say(_ finding: CheckupFinding) -> Int {
        Terminal.say(finding)
        return finding.level == .error ? 1 : 0
    }
}

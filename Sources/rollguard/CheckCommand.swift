import API
import ArgumentParser
import ConfigurationFiles
import Daemon
import Declarations
import HTTPClient
import Model
import Support

/// Says whether configuration and rule files can be used.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate configuration and rule files, and report all errors at once.",
        discussion: """
            A file with `releases` is checked as a configuration, together with the rule
            files that it names; a file with `groups` as a rule file. Errors are
            printed as file:line:col: error: text, with the line and a caret. Exit code
            0 when all files can be used, 1 when not.

              rollguard check rollguard.yaml
              rollguard check rules/*.yaml
              rollguard check rollguard.yaml --effective     # with all defaults and origins
              rollguard check rollguard.yaml --live          # reads each target once
              rollguard check --centre --effective           # with what the centre holds now
              rollguard check rollguard.yaml --messages      # what each receiver would get

            A configuration with `centre` is checked with the last state of the centre that
            was in force on this host, or with what the centre holds now (--centre).
            """)

    @Argument(
        help: "Configuration or rule files. [default: rollguard.yaml, /etc/rollguard/rollguard.yaml]",
        completion: .file(extensions: ["yaml", "yml"]))
    var files: [String] = []

    @Flag(help: "Print each valid configuration with its defaults filled in, and where each value comes from.")
    var effective = false

    @Flag(help: "With --effective: print each value with its origin as JSON.")
    var json = false

    @Flag(help: "Print what each receiver would get at a rollback, templates filled in; sends nothing.")
    var messages = false

    @Flag(help: "Check with what the configuration centre holds now.")
    var centre = false

    @Flag(
        help: """
            Also read each target of each configuration once: which series the indicators match in each pool, and \
            which preset fits.
            """)
    var live = false

    func validate() throws {
        guard !json || effective else { throw ValidationError("--json belongs to --effective") }
    }

    func run() async throws {
        var errors = 0
        for file in files.isEmpty ? [try DefaultPaths.configuration(nil)] : files {
            let isRules = Rulebook.isRuleFile(file, files: DiskFiles())
            errors += isRules ? checkRules(file) : try await checkConfiguration(file)
        }
        guard errors == 0 else { throw ExitCode(Failure.no) }
    }

    /// The number of errors.
    private func checkRules(_ file: String) -> Int {
        let result = Rulebook.check(ruleFile: file, files: DiskFiles())
        let errors = result.errors + result.impossible
        for diagnostic in result.warnings + errors { Terminal.complain("\(diagnostic)") }
        if errors.isEmpty { Terminal.say("\(file): valid: \(Self.count(result.rules.count, "rule"))") }
        return errors.count
    }

    private func checkConfiguration(_ file: String) async throws -> Int {
        let content = try await CheckedCentre.of(file, readsNow: centre)
        let result = Rulebook.load(
            configuration: file, files: DiskFiles(), kinds: .all, centre: content?.state, judgingTLS: Self.remarks)
        let errors = result.errors + result.impossible
        for diagnostic in result.warnings + errors { Terminal.complain("\(diagnostic)") }
        guard let plan = result.plan, errors.isEmpty else { return max(1, errors.count) }
        if effective {
            Terminal.say(
                json
                    ? EffectiveDocument.json(of: plan, sources: result.sources, centre: content)
                    : EffectiveDocument.yaml(of: plan, sources: result.sources, centre: content))
        } else {
            let rules = plan.releases.reduce(0) { $0 + $1.rules.count }
            let parts = [
                Self.count(plan.releases.count, "release"), Self.count(rules, "rule"),
                Self.count(plan.receivers.count, "receiver"),
            ]
            Terminal.say("\(file): valid: \(parts.joined(separator: ", "))" + (content.map { "; \($0.text)" } ?? ""))
            plan.groups.map(Self.group).forEach(Terminal.say)
            Self.shards(plan).forEach(Terminal.say)
            for release in plan.releases {
                Self.budget(release).map(Terminal.say)
                Self.fewInstances(release).map(Terminal.say)
                Self.ownScrapes(release).map(Terminal.say)
                Self.steps(release).forEach(Terminal.say)
            }
        }
        if messages { await Self.showMessages(plan) }
        return live ? await Self.readTargets(plan) : 0
    }

    /// Secrets are not needed for that: they are shown as a mask.
    private static func showMessages(_ plan: Plan) async {
        let printed = PrintedMessages(
            secrets: MaskedSecrets(), shown: { ForeignText.line($0, limit: 64 << 10) },
            externalURL: plan.daemon.externalURL)
        for receiver in plan.receivers { await printed.show(receiver, event: .rollbackIntended) }
    }

    /// The number of targets that could not be read.
    private static func readTargets(_ plan: Plan) async -> Int {
        let transport = CurlTransport(userAgent: "Rollguard/\(Rollguard.version)", secrets: SystemSecretStore())
        var errors = 0
        for release in plan.releases {
            let findings = await TargetCheckup(release: release, transport: transport).findings()
            for finding in findings { Terminal.say(finding) }
            errors += findings.count { $0.level == .error }
        }
        await transport.shutdown()
        return errors
    }

    /// What is wrong with a listener's certificate and key.
    private static func remarks(_ files: ListenTLS) -> [TLSFileRemark] {
        func remark(_ problem: CertificateProblem, isError: Bool) -> TLSFileRemark {
            TLSFileRemark(isAboutKey: problem.source == .key, isError: isError, text: "\(problem)")
        }
        do throws(CertificateProblem) {
            return try CertificateFiles.check(files).map { remark($0, isError: false) }
        } catch { return [remark(error, isError: true)] }
    }

    /// Where a fleet puts each release.
    private static func shards(_ plan: Plan) -> [String] {
        guard let fleet = plan.replicas?.fleet else { return [] }
        let shards = FleetShards(count: fleet.shards, plan: plan)
        return plan.releases.map { "\($0.name): shard \(shards.shard(of: $0.name)) of \(fleet.shards)" }
    }

    private static func group(_ group: GroupPlan) -> String {
        let hold = group.onRefusal == .hold ? "; one that cannot holds the others" : ""
        return
            "group \(group.name): \(group.members.map(\.companion.text).joined(separator: ", ")) go back together\(hold)"
    }

    /// What several rules that ask for proof promise together: any of them is wrong with at most the sum.
    private static func budget(_ release: ReleasePlan) -> String? {
        let rules = release.rules.filter { $0.regression != nil && $0.action == .rollback }
        guard !rules.isEmpty else { return nil }
        let parts = rules.map { "\($0.name) \(NumberText.percent($0.regression?.falseAlarm ?? 0))" }
        let sum = release.falseRollbackBudget
        return
            "\(release.name): false-alarm budget of 'regression' rules that roll back: \(NumberText.percent(sum)) per release"
            + " (\(parts.joined(separator: ", ")))" + (sum > 0.05 ? "; that is much, lower 'false_alarm'" : "")
            + "; \(NumberText.percent(min(1, release.toleratedRollbackBudget))) for a canary that is worse by the whole tolerance"
    }

    /// What a canary of few instances can show at all, where the numbers of instances are in the configuration.
    private static func fewInstances(_ release: ReleasePlan) -> String? {
        let (baseline, canary) = (release.baseline.targets.count, release.canary.targets.count)
        guard baseline > 0, canary > 0, let rule = release.rules.lazy.compactMap(\.regression).first else { return nil }
        let ratio = RegressionPlan.nodeRatio(baseline: baseline, canary: canary, falseAlarm: rule.falseAlarm)
        return
            "\(release.name): with \(count(canary, "canary instance")) beside \(baseline) of the baseline, differences under "
            + "\(NumberText.plain((ratio * 10).rounded() / 10))x can be the node where instances of one version differ by 30 %; "
            + "'status' says what they really do"
    }

    /// What is asked for at each share.
    private static func steps(_ release: ReleasePlan) -> [String] {
        guard let rollout = release.rollout else { return [] }
        return ["\(release.name): led in \(count(rollout.steps.count, "step"))"] + rollout.stepTexts.map { "  \($0)" }
    }

    /// Scrapes that reach `proof.below` by themselves keep the canary from being silent, where its counter counts them.
    private static func ownScrapes(_ release: ReleasePlan) -> String? {
        let targets = release.canary.targets.count
        let rate = Double(targets) * 1_000 / Double(max(1, release.scrape.intervalMs))
        guard rate >= release.proof.belowPerSecond else { return nil }
        return
            "\(release.name): scrapes alone are \(NumberText.plain((rate * 100).rounded() / 100)) requests/s over "
            + "\(count(targets, "canary target")), which reaches 'proof.below'; if the requests counter counts scrapes, exclude "
            + "them in 'requests'"
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

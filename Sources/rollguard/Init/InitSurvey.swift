import ConfigurationFiles
import HTTPClient
import Ports
import Support

/// What the targets and the router answered.
struct InitSurvey: Sendable {
    private let answers: InitAnswers
    private let baseline: [Result<SurveyedTarget, SilentTarget>]
    private let canary: [Result<SurveyedTarget, SilentTarget>]
    private let router: RouterProposal?

    static func make(_ answers: InitAnswers, transport: any HTTPTransport) async -> InitSurvey {
        let targets = InitTargets(transport: transport)
        let baseline = await survey(answers.baseline, targets)
        let canary = await survey(answers.canary, targets)
        let pools = PoolMatch.Pools(baseline: answers.baseline, canary: answers.canary, names: answers.servers)
        let question = answers.router.map {
            RouterQuestion(
                kind: $0.kind, address: $0.address, pools: pools, file: answers.file, command: answers.nginxCommand,
                release: answers.name)
        }
        return InitSurvey(
            answers: answers, baseline: baseline, canary: canary,
            router: await question?.proposal(transport: transport))
    }

    /// In the order of the addresses; all at once, because one that does not answer takes seconds.
    private static func survey(
        _ addresses: [String], _ targets: InitTargets
    ) async -> [Result<SurveyedTarget, SilentTarget>] {
        await withTaskGroup(of: (Int, Result<SurveyedTarget, SilentTarget>).self) { group in
            for (index, address) in addresses.enumerated() {
                group.addTask {
                    do throws(SilentTarget) { return (index, .success(try await targets.survey(address))) } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var found: [(Int, Result<SurveyedTarget, SilentTarget>)] = []
            for await one in group { found.append(one) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private var answering: [SurveyedTarget] { (baseline + canary).compactMap { try? $0.get() } }

    var hasTargets: Bool { !answering.isEmpty }

    /// The canary's, because its series are the ones that a rule needs; both should be the same.
    private var service: RecognisedService? {
        let found = [canary, baseline].map { pool in pool.lazy.compactMap { try? $0.get().service }.first }
        guard let new = found[0], let old = found[1] else { return found[0] ?? found[1] }
        // A target that has not served yet shows no latency, and one that has does.
        return new.indicators.latency == nil && old.preset == new.preset ? old : new
    }

    private var poolsDiffer: Bool { Set(answering.compactMap { $0.service?.indicators.requests }).count > 1 }

    /// One line per target and for the router.
    var findings: [CheckupFinding] {
        var findings = Self.lines("baseline", baseline) + Self.lines("canary", canary)
        if poolsDiffer {
            findings.append(
                .warning("targets", "not all have the same counter of requests; a target without it cannot be compared")
            )
        }
        if let router, let kind = answers.router?.kind {
            findings += router.remarks.map { remark in
                router.isComplete ? .ok("router \(kind.rawValue)", remark) : .warning("router \(kind.rawValue)", remark)
            }
        } else {
            findings.append(.warning("router", "none was named; --haproxy SOCKET and its like let init ask it"))
        }
        return findings
    }

    private static func lines(
        _ pool: String, _ targets: [Result<SurveyedTarget, SilentTarget>]
    ) -> [CheckupFinding] {
        targets.map { result in
            switch result {
            case .failure(let silent): return .warning("\(pool) \(silent.address)", silent.reason)
            case .success(let target):
                let subject = "\(pool) \(Redaction.url(target.address))"
                guard let service = target.service else {
                    return .warning(subject, "\(target.samples) samples, none of which counts requests")
                }
                let parts = service.indicators.parts.joined(separator: ", ")
                return .ok(subject, "\(target.samples) samples, \(service.title): \(parts)")
            }
        }
    }

    func configuration(state: String) -> InitConfiguration {
        func version(_ pool: [Result<SurveyedTarget, SilentTarget>]) -> String? {
            let said = Set(pool.compactMap { try? $0.get().version })
            return said.count == 1 ? said.first : nil
        }
        let said = (version(baseline), version(canary))
        // It does not distinguish two pools of one version.
        let areDistinct = said.0 != said.1
        func pool(_ targets: [String], _ given: String?, _ said: String?, _ guess: String) -> InitConfiguration.Pool {
            let known = given ?? (areDistinct ? said : nil)
            return InitConfiguration.Pool(version: known ?? guess, isGuess: known == nil, targets: targets)
        }
        let service = service
        let rules = ReadyRules.fitting(
            hasErrors: service?.indicators.errors.isEmpty == false, hasLatency: service?.indicators.latency != nil)
        return InitConfiguration(
            release: Self.name(answers.name ?? router?.name ?? "service"), state: state,
            path: answering.lazy.map(\.path).first { !$0.isEmpty } ?? "",
            baseline: pool(answers.baseline, answers.baselineVersion, said.0, "old"),
            canary: pool(answers.canary, answers.canaryVersion, said.1, "new"), service: service, router: router,
            rules: rules.map { "rules/\($0)" })
    }

    /// A name that a release may have.
    static func name(_ text: String) -> String {
        let allowed = text.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "-" }
        let name = String(allowed.prefix(63))
        return name.isEmpty ? "service" : name
    }
}

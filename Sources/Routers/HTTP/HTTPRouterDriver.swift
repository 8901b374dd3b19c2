import Model
import Ports

/// Any router with an HTTP admin API, by the plan's templates.
///
/// Everything that can be checked is checked when it is made. Values go into URLs percent-encoded and into JSON as values,
/// so none can become syntax.
struct HTTPRouterDriver: RouterDriver {
    let capabilities: RouterCapabilities
    let instances: [String]

    private let addresses: [InstanceAddress]
    private let set: [CheckedStep]
    private let readBack: CheckedReadBack?
    private let scope: TemplateScope
    private let runners: [StepRunner]

    init(
        plan: HTTPRouterPlan, release: String, versions: (baseline: String, canary: String),
        transport: any HTTPTransport, secrets: any SecretStore, level: RouterCapabilities.Level = .config,
        movesStickyClients: Bool = false, keeps: RouterCapabilities.Memory = .nothing, aim: RouterAim = .direct
    ) throws(RouterPlanError) {
        let addresses = try InstanceAddress.all(plan.instances)
        try HTTPRouterDriver.checkBasics(plan)
        let variables = try HTTPRouterDriver.variables(plan.variables)
        let names = TemplateNames(variables: Set(variables.keys), hasSplit: true)
        set = try CheckedStep.all(plan.set, names: names, what: "set")
        readBack = try plan.readBack.map { plan throws(RouterPlanError) in try CheckedReadBack(plan, names: names) }
        scope = TemplateScope(
            release: release, baselineVersion: versions.baseline, canaryVersion: versions.canary, variables: variables,
            instance: "", split: nil, total: plan.total, aim: aim)
        let mask = SecretMask(
            secrets: secrets, security: plan.security,
            literals: addresses.compactMap(\.password) + HTTPRouterDriver.secrets(in: plan))
        runners = addresses.map { address in
            StepRunner(
                address: address, transport: transport, security: plan.security, unixSocket: plan.unixSocket, mask: mask
            )
        }
        self.addresses = addresses
        instances = addresses.map(\.name)
        let setsShares = set.contains(where: \.usesSplit)
        let step = setsShares ? WeightPair.granularityBasisPoints(total: plan.total) : 10_000
        capabilities = RouterCapabilities(
            readBack: plan.readBack == nil ? .none : level, movesStickyClients: movesStickyClients,
            granularityBasisPoints: step, keeps: keeps, sets: setsShares ? .anyShare : .offOnly)
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        await EachInstance.run(runners) { await observe($0, timeoutMs) }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        runners.flatMap { runner in
            var scope = scope(for: runner, split: split)
            scope.isShown = true
            return set.map { PlannedCall(instance: runner.address.name, call: runner.text($0, scope)) }
        }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        await EachInstance.run(runners) { RouterReceipt(instance: $0.address.name, await apply(split, $0, timeoutMs)) }
    }

    // MARK: One instance

    private func scope(for runner: StepRunner, split: Split?) -> TemplateScope {
        TemplateScope(
            release: scope.release, baselineVersion: scope.baselineVersion, canaryVersion: scope.canaryVersion,
            variables: scope.variables, instance: runner.address.name, split: split, total: scope.total,
            aim: scope.aim)
    }

    /// A rollback that meets a conflict reads again and tries again, as often as this.
    private static let rollbackAttempts = 3

    private func apply(_ split: Split, _ runner: StepRunner, _ timeoutMs: Int64) async -> Refusal? {
        let isRollback = split == .allBaseline
        // Such a plan always takes out the canary side of the settings, which is the baseline when the roles are turned.
        guard isRollback && scope.aim == .direct || set.contains(where: \.usesSplit) else {
            return Refusal(
                .rejected, "no step of set uses the split, so the plan can only take the settings' canary side out")
        }
        let deadline = Deadline(afterMs: timeoutMs)
        let scope = scope(for: runner, split: split)
        var attemptsLeft = isRollback ? HTTPRouterDriver.rollbackAttempts : 1
        while true {
            attemptsLeft -= 1
            do {
                _ = try await runner.run(set, scope: scope, deadline: deadline)
                return nil
            } catch {
                let isWorthIt = error.outcome == .conflict && attemptsLeft > 0 && deadline.remainingMs > 0
                guard isWorthIt else { return error }
            }
        }
    }

    private func observe(_ runner: StepRunner, _ timeoutMs: Int64) async -> RouterObservation {
        let name = runner.address.name
        guard let readBack else {
            return RouterObservation(
                instance: name, canaryBasisPoints: nil, level: .none, problem: "no read-back configured")
        }
        do throws(Refusal) {
            let scope = scope(for: runner, split: nil)
            let answer = try await runner.run(readBack.steps, scope: scope, deadline: Deadline(afterMs: timeoutMs))
            guard let answer, let document = answer.document else {
                throw Refusal(.rejected, "the answer is not JSON: \(runner.mask.clean(answer?.response.body ?? []))")
            }
            let revision = answer.response.header("ETag").map { ShownText.line($0, limit: 100) }
            return RouterObservation(
                instance: name, canaryBasisPoints: try readBack.share(document), level: capabilities.readBack,
                revision: revision
            ).aimed(scope.aim)
        } catch {
            return RouterObservation(
                instance: name, canaryBasisPoints: nil, level: capabilities.readBack,
                problem: ShownText.line(error.detail))
        }
    }
}

// MARK: Checks

extension HTTPRouterDriver {
    private static func checkBasics(_ plan: HTTPRouterPlan) throws(RouterPlanError) {
        guard (1...1_000_000).contains(plan.total) else {
            throw RouterPlanError("total must be 1 to 1000000, the sum of the weights, not \(plan.total)")
        }
        if let socket = plan.unixSocket {
            let isPath = socket.hasPrefix("/") && socket.utf8.count <= 107 && HeaderRules.isValue(socket)
            guard isPath else {
                throw RouterPlanError(
                    "unix_socket \"\(ShownText.line(socket, limit: 120))\" must be an absolute path of at most 107 bytes"
                )
            }
        }
    }

    private static func variables(_ pairs: [TextPair]) throws(RouterPlanError) -> [String: String] {
        var found: [String: String] = [:]
        for pair in pairs {
            let isName = !pair.name.isEmpty && pair.name.utf8.count <= 60
            guard isName, !pair.name.contains(where: { "|{}$ ".contains($0) }) else {
                throw RouterPlanError("the variable \"\(ShownText.line(pair.name, limit: 60))\" has no usable name")
            }
            guard found.updateValue(pair.value, forKey: pair.name) == nil else {
                throw RouterPlanError("the variable \(pair.name) is given twice")
            }
        }
        return found
    }

    /// Values in the plan whose names say that they are secrets.
    private static func secrets(in plan: HTTPRouterPlan) -> [String] {
        let steps = plan.set + (plan.readBack?.steps ?? [])
        let pairs = plan.variables + steps.flatMap(\.headers)
        return pairs.filter { SecretName.matches($0.name) && !$0.value.contains("${") }.map(\.value)
    }
}

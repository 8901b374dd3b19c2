import Model

/// What steps of a plan act on, and how it behaves.
struct ProcedureWorld {
    enum Mood {
        case works
        /// Does nothing and never answers.
        case hangs
        /// Acts, and the answer is lost.
        case losesAnswers
        case fails
        case refuses
        /// Says that it is done, and nothing has changed.
        case claims
    }

    var moods: [String: Mood] = [:]
    /// Checks are not answered with anything that can be read.
    var isUnreadable = false
    /// What acted, in order: `flag`, with its key.
    private(set) var acts: [String] = []
    private(set) var keys: [String] = []
    private(set) var checks = 0
    /// What steps that check backups find; without it they find none.
    var backups: [String: BackupFound] = [:]
    /// What flags are set to, by the name of their step.
    var values: [String: String] = [:]
    /// What was set, in order: `flag=off`.
    private(set) var sets: [String] = []
    /// Steps that have taken effect.
    private(set) var inForce: Set<String> = []

    /// Nil for no answer.
    mutating func run(_ call: StepCall) -> StepAnswer? {
        let name = call.step.name
        if call.step.work.backup != nil {
            acts.append(name)
            return backups[name].map(StepAnswer.verified) ?? .failed("there is no backup at all")
        }
        switch moods[name] ?? .works {
        case .hangs: return nil
        case .fails: return .failed("exit status 3")
        case .refuses: return .refused("no such flag")
        case .claims: return .done("200")
        case .works, .losesAnswers:
            acts.append(name)
            keys.append(call.key)
            inForce.insert(name)
            if let flag = call.step.work.flag {
                values[flag.flag] = flag.variant
                sets.append("\(flag.flag)=\(flag.variant)")
            }
            return moods[name] == .losesAnswers ? nil : .done("200")
        }
    }

    mutating func check(_ call: StepCall) -> StepAnswer {
        if call.wantsValue { return values[call.step.name].map { .value($0) } ?? .unreadable("no such flag") }
        checks += 1
        guard call.step.hasProof, !isUnreadable else { return .unreadable("cannot be read") }
        return inForce.contains(call.step.name) ? .proved("it is off") : .notProved("it is on")
    }

    /// It was done, or undone, by hand.
    mutating func set(_ name: String, isInForce: Bool) {
        if isInForce { inForce.insert(name) } else { inForce.remove(name) }
    }
}

extension ProcedureStep {
    /// With a proof, and it may be repeated.
    static func flag(_ name: String = "flag", at: Point = .split, onFailure: OnFailure = .continue) -> ProcedureStep {
        ProcedureStep(
            name: name, work: .flag(FlagWork(flag: name, file: "/flags/\(name).json")), at: at, timeoutMs: 5_000,
            settleMs: 20_000, onFailure: onFailure, isIdempotent: true)
    }

    /// A program, whose exit status is all that is known.
    static func program(
        _ name: String = "cache", at: Point = .proof, retries: Int = 0, onFailure: OnFailure = .page,
        isIdempotent: Bool = true
    ) -> ProcedureStep {
        ProcedureStep(
            name: name, work: .exec(ExecWork(command: ["/bin/\(name)"])), at: at, timeoutMs: 5_000, retries: retries,
            retryAfterMs: 1_000, onFailure: onFailure, isIdempotent: isIdempotent)
    }

    static func person(_ name: String = "queue") -> ProcedureStep {
        ProcedureStep(name: name, work: .person(text: "replay the queue"))
    }
}

extension ProcedureStep {
    /// Checked again and again once it was proved.
    func watched(everyMs: Int64 = 30_000) -> ProcedureStep {
        var step = self
        step.watchEveryMs = everyMs
        return step
    }
}

extension KernelHarness {
    /// Watches a release with this plan, until a fault of the canary is found.
    static func withPlan(_ steps: [ProcedureStep], deadlineMs: Int64 = 900_000) -> KernelHarness {
        var plan = Plan.example()
        plan.releases[0].procedure = ProcedurePlan(deadlineMs: deadlineMs, steps: steps)
        var world = KernelHarness(plan: plan)
        world.cycle(3)
        world.canary.errors = 40
        return world
    }

    var procedure: ProcedureRun? { incidents.first?.procedure }

    func state(_ step: String) -> ProcedureRun.State? { procedure?.step(step)?.state }

    /// The names of the journal's entries about the incident, in their order.
    var entryNames: [String] { recorded.filter { $0.incident != nil }.map(\.event.name) }
}

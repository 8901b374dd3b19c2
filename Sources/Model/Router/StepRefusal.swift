import Support

/// Why a router cannot lead a canary through a list of shares.
public enum StepRefusal: Sendable, Equatable {
    /// Nothing can be read back, so no step is ever known to be in place.
    case noReadBack
    /// The router can only take the canary out.
    case offOnly
    /// The router would round the share to nothing.
    case belowSmallest(step: Int, basisPoints: Int, granularityBasisPoints: Int)
    /// The router would round the share to that of the step before.
    case sameAsBefore(step: Int, basisPoints: Int, before: Int, granularityBasisPoints: Int)
    /// Users should keep their version, and the router does not do that.
    case usersChange(RouterCapabilities.Growth)
}

extension RouterCapabilities {
    /// What speaks against leading a canary through these shares; empty when nothing does.
    ///
    /// - Parameters:
    ///   - shares: the steps' shares in basis points, ascending; a first one of 0 is a step for test users alone. A share
    ///     that is repeated is no refusal: two steps may differ in their gates.
    ///   - keepsUsers: whether a user who has the canary has to keep it.
    public func refusals(ofSteps shares: [Int], keepsUsers: Bool = false) -> [StepRefusal] {
        var found: [StepRefusal] = []
        if readBack == .none { found.append(.noReadBack) }
        if sets == .offOnly { found.append(.offOnly) }
        if keepsUsers, growth != .sameUsers { found.append(.usersChange(growth)) }
        guard sets == .anyShare else { return found }
        var before = 0
        for (index, share) in shares.enumerated() {
            if share > before, share - before < granularityBasisPoints { found.append(tooClose(index, share, before)) }
            before = share
        }
        return found
    }

    private func tooClose(_ index: Int, _ share: Int, _ before: Int) -> StepRefusal {
        before == 0
            ? .belowSmallest(step: index + 1, basisPoints: share, granularityBasisPoints: granularityBasisPoints)
            : .sameAsBefore(
                step: index + 1, basisPoints: share, before: before, granularityBasisPoints: granularityBasisPoints)
    }

    /// Whether a share that was read is the one that was set: never more, and less by at most what the router rounds off.
    /// Nothing and everything are never rounded.
    public func isInPlace(_ observed: Int, wanted: Int) -> Bool {
        guard (1..<10_000).contains(wanted) else { return observed == wanted }
        return observed <= wanted && observed >= wanted - granularityBasisPoints
    }
}

extension StepRefusal {
    /// The step that is refused, from 1; nil where it is the router as a whole.
    public var step: Int? {
        switch self {
        case .belowSmallest(let step, _, _), .sameAsBefore(let step, _, _, _): step
        case .noReadBack, .offOnly, .usersChange: nil
        }
    }
}

extension StepRefusal: CustomStringConvertible {
    /// A sentence without a period; steps are counted from 1.
    public var description: String {
        switch self {
        case .noReadBack: "the router's split cannot be read back, so no step would ever be known to be in place"
        case .offOnly: "the router's calls can only take the canary out; they use no template of the split"
        case .belowSmallest(let step, let share, let granularity):
            "step \(step) of \(Self.percent(share)) is less than the router's smallest step of "
                + "\(Self.percent(granularity)), so the canary would get nothing"
        case .sameAsBefore(let step, let share, let before, let granularity):
            "step \(step) of \(Self.percent(share)) is less than the router's smallest step of "
                + "\(Self.percent(granularity)) above the one before, \(Self.percent(before)), so it may change nothing"
        case .usersChange(.perRequest): "the router draws a version for each request, so users do not keep theirs"
        case .usersChange(.cookie):
            "the router draws a version for each new client, so a rollback or a new step does not reach the users alone"
        case .usersChange:
            "how the router chooses its users is not known; write 'growth: same_users' if it compares a hash of the user"
        }
    }

    private static func percent(_ basisPoints: Int) -> String { NumberText.plain(Double(basisPoints) / 100) + "%" }
}

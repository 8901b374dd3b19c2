import ReleaseKernel

/// The commands that bring a backend to a split, and what their answers mean.
///
/// They go in up to two lines, each of one connection; a rollback is one line. Whoever has to carry the traffic is raised
/// before the others leave, so that at no moment nobody has a weight; the second line is sent only when the first was
/// taken.
struct WeightCommands: Sendable {
    struct Command: Sendable, Equatable {
        enum Purpose: Sendable, Equatable {
            case change
            /// Restores a baseline server during a rollback. A server that is gone is no reason to call the rollback
            /// refused; `observe` tells it.
            case restore
            /// `get weight`, to see that the pool which has to carry the traffic can.
            case check
        }

        let text: String
        let server: String
        let purpose: Purpose
    }

    private let pools: HAProxyPools
    private let first: [Command]
    private let second: [Command]

    /// What `apply` sends when nothing is odd.
    var all: [Command] { first + second }

    init(pools: HAProxyPools, split: Split) {
        self.pools = pools
        switch split.canaryBasisPoints {
        case 0:
            first = WeightCommands.carry(pools.baseline, pools.backend, .restore) + WeightCommands.leave(pools)
            second = []
        case 10_000:
            first = WeightCommands.ready(pools) + WeightCommands.carry(pools.canary, pools.backend, .change)
            second = pools.baseline.map { WeightCommands.weight("0", $0, pools.backend) }
        default:
            let weights = PoolWeights(
                split, baselineServers: pools.baseline.count, canaryServers: pools.canary.count)
            first =
                WeightCommands.ready(pools)
                + pools.canary.map { WeightCommands.weight("\(weights.canary)", $0, pools.backend) }
                + pools.baseline.map { WeightCommands.weight("\(weights.baseline)", $0, pools.backend) }
            second = []
        }
    }

    func run(on socket: RuntimeConsole, deadline: Deadline) async throws(Refusal) {
        let answers = try await answers(first, socket, deadline)
        try WeightCommands.refuse(first, answers, .change)
        try await wakeCarriers(answers, socket, deadline)
        guard !second.isEmpty else { return }
        try WeightCommands.refuse(second, try await self.answers(second, socket, deadline), .change)
    }

    /// `weight 100%` of a server whose configured weight is 0 is 0. When that is so for the whole pool that has to carry
    /// the traffic, its servers get a weight of their own, all the same.
    private func wakeCarriers(
        _ answers: [String], _ socket: RuntimeConsole, _ deadline: Deadline
    ) async throws(Refusal) {
        let checks = zip(first, answers).filter { $0.0.purpose == .check }
        guard let some = checks.first else { return }
        let weights = checks.compactMap { command, answer in WeightCommands.number(answer).map { (command.server, $0) }
        }
        guard !weights.isEmpty else { throw Refusal.answer(some.1, to: some.0.text) }
        guard weights.allSatisfy({ $0.1 == 0 }) else { return }
        let raise = weights.map { WeightCommands.weight("100", $0.0, pools.backend) }
        try WeightCommands.refuse(raise, try await self.answers(raise, socket, deadline), .change)
    }

    private func answers(
        _ commands: [Command], _ socket: RuntimeConsole, _ deadline: Deadline
    ) async throws(Refusal) -> [String] {
        do {
            return try await socket.run(commands.map(\.text), deadline: deadline)
        } catch {
            throw Refusal(error)
        }
    }

    /// HAProxy answers a command that worked with nothing.
    private static func refuse(
        _ commands: [Command], _ answers: [String], _ purpose: Command.Purpose
    ) throws(Refusal) {
        for (command, answer) in zip(commands, answers) where command.purpose == purpose && !answer.isEmpty {
            throw .answer(answer, to: command.text)
        }
    }

    /// `10 (initial 90)`.
    private static func number(_ answer: String) -> Int? {
        answer.split(separator: " ").first.flatMap { Int($0) }
    }

    // MARK: The words

    private static func weight(
        _ weight: String, _ server: String, _ backend: String, _ purpose: Command.Purpose = .change
    ) -> Command {
        Command(text: "set server \(backend)/\(server) weight \(weight)", server: server, purpose: purpose)
    }

    private static func leave(_ pools: HAProxyPools) -> [Command] {
        pools.canary.flatMap { server in
            var commands = [weight("0", server, pools.backend)]
            if pools.isSticky { commands.append(state("maint", server, pools.backend)) }
            return commands
        }
    }

    /// Undoes ``leave(_:)``: without sticky clients nothing was put into maintenance by us.
    private static func ready(_ pools: HAProxyPools) -> [Command] {
        pools.isSticky ? pools.canary.map { state("ready", $0, pools.backend) } : []
    }

    private static func state(_ state: String, _ server: String, _ backend: String) -> Command {
        Command(text: "set server \(backend)/\(server) state \(state)", server: server, purpose: .change)
    }

    private static func carry(_ servers: [String], _ backend: String, _ purpose: Command.Purpose) -> [Command] {
        servers.flatMap { server in
            [
                weight("100%", server, backend, purpose),
                Command(text: "get weight \(backend)/\(server)", server: server, purpose: .check),
            ]
        }
    }
}

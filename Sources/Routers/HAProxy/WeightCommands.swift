import Model

/// The commands that bring a backend to a split, and what their answers mean.
///
/// They go in lines, each of one connection. A rollback reads first, because its commands depend on the result: with a
/// wrong canary name nothing may be changed, or the canary's part would grow; and where the baseline has no weight, it
/// gets one before the canary leaves, so that there is always a server with a weight. Otherwise the canary leaves
/// first. For a share of everything the baseline leaves in a second line, which is sent only when the first was taken.
///
/// Both pools leave in the same way, because the roles of the two may be turned afterwards: with sticky clients they go
/// into maintenance at weight 0. A baseline server that is found in this state gets ready before it gets a share; one that
/// is in maintenance with a weight was put there by an operator and stays there.
struct WeightCommands: Sendable {
    struct Command: Sendable, Equatable {
        enum Purpose: Sendable, Equatable {
            case change
            /// Restores a baseline server during a rollback. A server that is gone is no reason to call the rollback
            /// refused; `observe` reports it.
            case restore
            /// `get weight`, to see that the pool which has to carry the traffic can.
            case check
        }

        let text: String
        let server: String
        let purpose: Purpose
    }

    private let pools: HAProxyPools
    private let split: Split
    private let reads: [Command]
    private let first: [Command]
    private let second: [Command]

    /// What `apply` sends when nothing is odd.
    var all: [Command] { reads + first + second }

    init(pools: HAProxyPools, split: Split, keepsUsers: Bool = false) {
        self.pools = pools
        self.split = split
        switch split.canaryBasisPoints {
        case 0:
            reads = (pools.canary + pools.baseline).map { WeightCommands.get($0, pools.backend) }
            first =
                WeightCommands.leave(pools.canary, pools)
                + WeightCommands.carry(pools.baseline, pools.backend, .restore)
            second = []
        case 10_000:
            reads = []
            first = WeightCommands.ready(pools) + WeightCommands.carry(pools.canary, pools.backend, .change)
            second = WeightCommands.leave(pools.baseline, pools)
        default:
            reads = []
            let weights = PoolWeights(
                split, baselineServers: pools.baseline.count, canaryServers: pools.canary.count,
                keepsUsers: keepsUsers)
            first =
                WeightCommands.ready(pools)
                + pools.canary.map { WeightCommands.weight("\(weights.canary)", $0, pools.backend) }
                + pools.baseline.map { WeightCommands.weight("\(weights.baseline)", $0, pools.backend) }
            second = []
        }
    }

    func run(on socket: RuntimeConsole, deadline: Deadline) async throws(Refusal) {
        let line = try await inOrder(socket, deadline)
        let answers = try await answers(line, socket, deadline)
        try WeightCommands.refuse(line, answers, .change)
        try await wakeCarriers(line, answers, socket, deadline)
        guard !second.isEmpty else { return }
        try WeightCommands.refuse(second, try await self.answers(second, socket, deadline), .change)
    }

    /// Statistics that cannot be read stop nothing: the change itself meets the same router.
    private func wakeParked(_ socket: RuntimeConsole, _ deadline: Deadline) async throws(Refusal) {
        guard pools.isSticky,
            let answer = try? await HAProxyWeightsDriver.statistics(pools.backend, socket, deadline),
            let backend = try? BackendStatistics(answer, backend: pools.backend)
        else { return }
        let parked = backend.servers.filter { pools.baseline.contains($0.name) && $0.isParked }
        guard !parked.isEmpty else { return }
        let ready = parked.map { WeightCommands.state("ready", $0.name, pools.backend) }
        try WeightCommands.refuse(ready, try await answers(ready, socket, deadline), .change)
    }

    /// The first line, with the pool in front that must move first.
    private func inOrder(_ socket: RuntimeConsole, _ deadline: Deadline) async throws(Refusal) -> [Command] {
        guard !reads.isEmpty else {
            if split.canaryBasisPoints < 10_000 { try await wakeParked(socket, deadline) }
            return first
        }
        let answers = try await self.answers(reads, socket, deadline)
        for (command, answer) in zip(reads, answers)
        where pools.canary.contains(command.server) && WeightCommands.number(answer) == nil {
            throw .answer(answer, to: command.text)
        }
        let baseline = zip(reads, answers).filter { pools.baseline.contains($0.0.server) }
        let weights = baseline.compactMap { WeightCommands.number($0.1) }
        // With no baseline at all, a canary without a weight would leave no server that answers.
        if weights.isEmpty, let (command, answer) = baseline.first { throw .answer(answer, to: command.text) }
        if weights.contains(0) { try await wakeParked(socket, deadline) }
        guard weights.allSatisfy({ $0 == 0 }) else { return first }
        return first.filter { !pools.canary.contains($0.server) } + first.filter { pools.canary.contains($0.server) }
    }

    /// `weight 100%` of a server whose configured weight is 0 is 0. When that is so for the whole pool that has to carry
    /// the traffic, its servers get a weight of their own, all the same.
    private func wakeCarriers(
        _ line: [Command], _ answers: [String], _ socket: RuntimeConsole, _ deadline: Deadline
    ) async throws(Refusal) {
        let checks = zip(line, answers).filter { $0.0.purpose == .check }
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

    // MARK: The text

    private static func weight(
        _ weight: String, _ server: String, _ backend: String, _ purpose: Command.Purpose = .change
    ) -> Command {
        Command(text: "set server \(backend)/\(server) weight \(weight)", server: server, purpose: purpose)
    }

    private static func leave(_ servers: [String], _ pools: HAProxyPools) -> [Command] {
        servers.flatMap { server in
            var commands = [weight("0", server, pools.backend)]
            if pools.isSticky { commands.append(state("maint", server, pools.backend)) }
            return commands
        }
    }

    /// Undoes ``leave(_:_:)`` for the canary: without sticky clients nothing was put into maintenance by us.
    private static func ready(_ pools: HAProxyPools) -> [Command] {
        pools.isSticky ? pools.canary.map { state("ready", $0, pools.backend) } : []
    }

    private static func state(_ state: String, _ server: String, _ backend: String) -> Command {
        Command(text: "set server \(backend)/\(server) state \(state)", server: server, purpose: .change)
    }

    private static func get(_ server: String, _ backend: String) -> Command {
        Command(text: "get weight \(backend)/\(server)", server: server, purpose: .check)
    }

    private static func carry(_ servers: [String], _ backend: String, _ purpose: Command.Purpose) -> [Command] {
        servers.flatMap { server in
            [
                weight("100%", server, backend, purpose),
                get(server, backend),
            ]
        }
    }
}

import Model
import Ports

/// HAProxy by server weights: both pools are servers of one backend.
///
/// For a share of 0 the canary's servers get weight 0 (and, with sticky clients, maintenance, because a cookie outlives a
/// weight of 0), and the baseline's get back what the configuration gives them (`weight 100%`). For a share of
/// everything it is the other way round. Whether a baseline server with a weight is in maintenance stays the operator's
/// business.
struct HAProxyWeightsDriver: RouterDriver {
    let capabilities: RouterCapabilities
    let instances: [String]

    private let sockets: [RuntimeConsole]
    private let pools: HAProxyPools

    /// - Parameter growth: `sameUsers` for a backend with a consistent hash of the user.
    init(sockets: [RuntimeConsole], pools: HAProxyPools, growth: RouterCapabilities.Growth?) {
        self.sockets = sockets
        self.pools = pools
        instances = sockets.map(\.name)
        capabilities = RouterCapabilities(
            readBack: .loaded, movesStickyClients: pools.isSticky,
            granularityBasisPoints: PoolWeights.granularityBasisPoints(
                baselineServers: pools.baseline.count, canaryServers: pools.canary.count),
            growth: growth ?? (pools.isSticky ? .cookie : .perRequest), keeps: .nothing)
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        let pools = pools
        return await EachInstance.run(sockets) { socket in
            do throws(RuntimeFailure) {
                let deadline = Deadline(afterMs: timeoutMs)
                let answer = try await HAProxyWeightsDriver.statistics(pools.backend, socket, deadline)
                let seen = BackendReading(answer, pools: pools).observation(instance: socket.name)
                return seen.refusingChanges(because: await HAProxyWeightsDriver.missingLevel(socket, deadline))
            } catch {
                return .unread(socket.name, Refusal(error).detail)
            }
        }
    }

    /// `show stat NAME` may take a frontend for the backend when both have the same name; then the backend's number, which
    /// `show servers state` prints, finds it.
    static func statistics(
        _ backend: String, _ socket: RuntimeConsole, _ deadline: Deadline
    ) async throws(RuntimeFailure) -> String {
        let byName = try await socket.show("show stat \(backend) 6 -1", deadline: deadline)
        let isFound = byName.split(separator: "\n").contains { $0.hasPrefix("\(backend),") }
        guard !isFound, byName.hasPrefix("#") else { return byName }
        let state = try await socket.show("show servers state \(backend)", deadline: deadline)
        let rows = state.split(separator: "\n").map { $0.split(separator: " ") }
        let number = rows.first { $0.count > 1 && $0[1] == backend }.flatMap { Int($0[0]) }
        guard let number else { return byName }
        return try await socket.show("show stat \(number) 6 -1", deadline: deadline)
    }

    /// Statistics are for everybody, weights for `level admin` alone. A HAProxy that does not know the question (before 1.8),
    /// or does not answer it, has not refused anything.
    private static func missingLevel(_ socket: RuntimeConsole, _ deadline: Deadline) async -> String? {
        guard let answer = try? await socket.show("show cli level", deadline: deadline) else { return nil }
        let level = answer.split(separator: "\n").first.map(String.init) ?? ""
        guard level == "operator" || level == "user" else { return nil }
        return "the socket has level \(level), and changing weights needs \"level admin\" in haproxy.cfg"
    }

    /// A share that no weight is small enough for is nothing.
    private func weightCommands(_ split: Split) -> WeightCommands {
        let isNothing = PoolWeights.isBelowSmallest(
            split, baselineServers: pools.baseline.count, canaryServers: pools.canary.count)
        return WeightCommands(
            pools: pools, split: isNothing ? .allBaseline : split, keepsUsers: capabilities.growth == .sameUsers)
    }

    func plan(_ split: Split) -> [PlannedCall] {
        let commands = weightCommands(split).all.map(\.text)
        return instances.flatMap { instance in commands.map { PlannedCall(instance: instance, call: $0) } }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        let commands = weightCommands(split)
        return await EachInstance.run(sockets) { socket in
            let deadline = Deadline(afterMs: timeoutMs)
            do throws(Refusal) {
                try await commands.run(on: socket, deadline: deadline)
                return RouterReceipt(instance: socket.name, nil)
            } catch {
                return RouterReceipt(instance: socket.name, error)
            }
        }
    }
}

extension RouterObservation {
    /// Nothing could be read from a HAProxy. The level stays `loaded`: `none` would mean that it never shows it.
    static func unread(_ instance: String, _ problem: String) -> RouterObservation {
        RouterObservation(
            instance: instance, canaryBasisPoints: nil, level: .loaded, problem: ShownText.line(problem))
    }
}

import Model
import Ports

/// Envoy by runtime keys: `PREFIX.CLUSTER` overrides the weight in a `weighted_clusters` route.
///
/// Envoy answers 200 to any key and echoes it in `/runtime`, whether a route reads it or not. So the share that is shown
/// is the routes' own, with the runtime's numbers put in: a misspelt prefix shows the configured weights, and says so.
struct EnvoyRuntimeDriver: RouterDriver {
    let capabilities: RouterCapabilities
    let instances: [String]

    private let ports: [EnvoyAdminPort]
    private let prefix: String
    private let pools: PoolPair
    private let total: Int

    init(ports: [EnvoyAdminPort], prefix: String, plan: EnvoyPlan) throws(RouterPlanError) {
        let isKey = (1...500).contains(prefix.utf8.count) && prefix.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isKey, !prefix.hasSuffix(".") else {
            throw RouterPlanError(
                "the runtime prefix \"\(ShownText.line(prefix, limit: 80))\" must be that of the route's "
                    + "runtime_key_prefix, without the dot at its end")
        }
        self.ports = ports
        self.prefix = prefix
        pools = plan.clusters
        total = plan.total
        instances = ports.map(\.address.name)
        capabilities = RouterCapabilities(
            readBack: .loaded, movesStickyClients: true,
            granularityBasisPoints: WeightPair.granularityBasisPoints(total: plan.total), keeps: .reload)
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        await EachInstance.run(ports) { port in
            let deadline = Deadline(afterMs: timeoutMs)
            do throws(Refusal) {
                let routes = try await port.routes(deadline: deadline)
                let runtime = try await port.runtime(deadline: deadline)
                var seen = try read(routes, runtime, instance: port.address.name)
                seen.baselineHealthy = await port.isHealthy(pools.baseline, deadline: deadline)
                return seen
            } catch {
                return .unread(port.address.name, level: .loaded, error.detail)
            }
        }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        ports.map { port in
            PlannedCall(
                instance: port.address.name, call: "POST \(port.address.name)/runtime_modify?\(query(split))")
        }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        await EachInstance.run(ports) { port in
            let deadline = Deadline(afterMs: timeoutMs)
            do throws(Refusal) {
                try await refuseUnread(port, deadline)
                try await port.modifyRuntime(query(split), deadline: deadline)
                return RouterReceipt(instance: port.address.name, nil)
            } catch {
                return RouterReceipt(instance: port.address.name, error)
            }
        }
    }

    // MARK: One instance

    private func query(_ split: Split) -> String {
        let weights = WeightPair(split, total: total)
        let keys = [(pools.baseline, weights.baseline), (pools.canary, weights.canary)]
        return keys.map { "\(PercentEncoding.encode("\(prefix).\($0)"))=\($1)" }.joined(separator: "&")
    }

    /// A name that no route has would leave the other pool's weight alone: with a configured baseline of 0 a rollback
    /// would then leave 0 to 0, which is a 404 for everybody. An Envoy that does not show its routes is written to all
    /// the same.
    private func refuseUnread(_ port: EnvoyAdminPort, _ deadline: Deadline) async throws(Refusal) {
        // Half of the time, so that a slow dump leaves some for the call itself.
        let half = Deadline(afterMs: deadline.remainingMs / 2)
        guard let routes = try? await port.routes(deadline: half) else { return }
        _ = try controlled(routes)
    }

    /// The routes that read our keys.
    private func controlled(_ routes: EnvoyRoutes) throws(Refusal) -> [EnvoyRoutes.Route] {
        let found = routes.routes.filter { $0.prefix == prefix && $0.has(pools) }
        guard found.isEmpty else { return found }
        let prefixes = Array(Set(routes.routes.compactMap(\.prefix))).sorted()
        let names = Array(Set(routes.routes.flatMap(\.clusters).map(\.name))).sorted()
        let clusters = names.isEmpty ? "no weighted clusters" : "the clusters \(names.joined(separator: ", "))"
        let keys = prefixes.isEmpty ? "no runtime_key_prefix" : "the prefixes \(prefixes.joined(separator: ", "))"
        throw Refusal(
            .rejected,
            "no route of this Envoy reads \(prefix).\(pools.baseline) and \(prefix).\(pools.canary); its routes have "
                + "\(keys) and \(clusters)")
    }

    private func read(
        _ routes: EnvoyRoutes, _ runtime: [String: String], instance: String
    ) throws(Refusal) -> RouterObservation {
        _ = try controlled(routes)
        let both = routes.routes.filter { $0.has(pools) }
        let shares = both.map { $0.share(pools) { runtime[$0] } }
        guard let share = shares.compactMap({ $0 }).max(), !shares.contains(nil) else {
            throw Refusal(.rejected, "all weights of a route are 0: its clients get 404")
        }
        let strays = both.filter { $0.prefix != prefix }.map { $0.table.isEmpty ? "a route" : $0.table }
        return RouterObservation(
            instance: instance, canaryBasisPoints: share, level: .loaded,
            problem: strays.isEmpty
                ? nil : "a route in \(strays.joined(separator: ", ")) splits the same clusters without the prefix")
    }
}

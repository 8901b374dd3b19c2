import Model
import Ports

/// Envoy by a route file that it watches (`rds` with `path_config_source`). Every Envoy of the list watches this file.
///
/// A file that Envoy cannot read or does not accept leaves the old routes in force, and only a counter shows it. So
/// the read-back is what the running Envoy holds, and is compared with the file.
struct EnvoyFileDriver: RouterDriver {
    let capabilities: RouterCapabilities
    let instances: [String]

    private let ports: [EnvoyAdminPort]
    private let file: WeightedFile
    private let pools: PoolPair
    private let total: Int

    init(ports: [EnvoyAdminPort], path: String, plan: EnvoyPlan) throws(RouterPlanError) {
        file = try WeightedFile(path: path, place: .weightedClusters, pools: plan.clusters)
        self.ports = ports
        pools = plan.clusters
        total = plan.total
        instances = ports.map(\.address.name)
        capabilities = RouterCapabilities(
            readBack: .loaded, movesStickyClients: true,
            granularityBasisPoints: WeightPair.granularityBasisPoints(total: plan.total), keeps: .everything)
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        let written = try? await file.share()
        let unwritable = FolderAccess.problem(replacing: file.path)
        return await EachInstance.run(ports) { port in
            let deadline = Deadline(afterMs: timeoutMs)
            do throws(Refusal) {
                var seen = try await read(port, written: written, deadline)
                seen.baselineHealthy = await port.isHealthy(pools.baseline, deadline: deadline)
                return seen.refusingChanges(because: unwritable)
            } catch {
                return .unread(port.address.name, level: .loaded, error.detail)
            }
        }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        let call = file.shown(WeightPair(split, total: total))
        return instances.map { PlannedCall(instance: $0, call: call) }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        let deadline = Deadline(afterMs: timeoutMs)
        let weights = WeightPair(split, total: total)
        do throws(Refusal) {
            try await file.set(weights)
        } catch {
            return instances.map { RouterReceipt(instance: $0, error) }
        }
        let wanted = Share.basisPoints(canary: Double(weights.canary), baseline: Double(weights.baseline))
        return await EachInstance.run(ports) { port in
            let doubt = await Propagation.wait(deadline: deadline) { () throws(Refusal) in
                try await read(port, written: nil, deadline).canaryBasisPoints == wanted
            }
            return RouterReceipt(instance: port.address.name, doubt)
        }
    }

    private func read(
        _ port: EnvoyAdminPort, written: Int?, _ deadline: Deadline
    ) async throws(Refusal) -> RouterObservation {
        let routes = try await port.routes(deadline: deadline).routes.filter { $0.has(pools) }
        guard !routes.isEmpty else {
            throw Refusal(
                .rejected, "no route of this Envoy splits between \(pools.baseline) and \(pools.canary)")
        }
        let shares = routes.map { $0.share(pools) { _ in nil } }
        guard let share = shares.compactMap({ $0 }).max(), !shares.contains(nil) else {
            throw Refusal(.rejected, "all weights of a route are 0: its clients get 404")
        }
        let isOld = written != nil && written != share
        return RouterObservation(
            instance: port.address.name, canaryBasisPoints: share, level: .loaded,
            problem: isOld
                ? "\(file.path) has another share than this Envoy holds: it watches another file, or rejects this one"
                    + " (see /stats?filter=update_rejected)" : nil)
    }
}

import Model
import Ports

/// Envoys that poll their routes from the daemon (REST xDS). The file with the routes is what is served; a restart of the
/// daemon serves what the file says, so it cannot undo a rollback.
struct EnvoyPullDriver: RouterDriver {
    let capabilities: RouterCapabilities
    /// The `node.id` of each Envoy.
    let instances: [String]

    private let file: WeightedFile
    private let seat: PullSeat
    private let pools: PoolPair
    private let total: Int

    init(pull: PullPlan, nodes: [String], plan: EnvoyPlan) throws(RouterPlanError) {
        guard !nodes.isEmpty, nodes.allSatisfy({ !$0.isEmpty }) else {
            throw RouterPlanError("xds.nodes is empty; it needs the node.id of each Envoy that has to acknowledge")
        }
        guard Set(nodes).count == nodes.count else { throw RouterPlanError("a node is listed in xds.nodes twice") }
        file = try WeightedFile(path: pull.file, place: .weightedClusters, pools: plan.clusters)
        seat = PullServers.shared.seat(host: pull.host, port: pull.port)
        pools = plan.clusters
        total = plan.total
        instances = nodes
        capabilities = RouterCapabilities(
            readBack: .acked, movesStickyClients: true,
            granularityBasisPoints: WeightPair.granularityBasisPoints(total: plan.total), keeps: .everything)
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        do throws(Refusal) {
            let document = try await document()
            // A daemon that has just started knows what the current text says before anybody has fetched it.
            _ = document.remember(try await file.read())
            return instances.map { read($0, document) }
        } catch {
            return instances.map { .unread($0, level: .acked, error.detail) }
        }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        let call = file.shown(WeightPair(split, total: total)) + "; Envoy fetches it"
        return instances.map { PlannedCall(instance: $0, call: call) }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        let deadline = Deadline(afterMs: timeoutMs)
        let weights = WeightPair(split, total: total)
        do throws(Refusal) {
            let document = try await document()
            try await file.set(weights)
            let wanted = Share.basisPoints(canary: Double(weights.canary), baseline: Double(weights.baseline))
            return await EachInstance.run(instances) { node in
                // A node that has not asked for a while is not waited for.
                guard document.poll(of: node)?.isStale == false else {
                    let doubt = Refusal(.unknown, "the weights are written, but \(node) does not ask for them")
                    return RouterReceipt(instance: node, doubt)
                }
                let doubt = await Propagation.wait(deadline: deadline) {
                    read(node, document).canaryBasisPoints == wanted
                }
                return RouterReceipt(instance: node, doubt)
            }
        } catch {
            return instances.map { RouterReceipt(instance: $0, error) }
        }
    }

    private func document() async throws(Refusal) -> XDSRoutes {
        let path = file.path
        return try await seat.document(XDSRoutes.path, file: path) { XDSRoutes(file: path) }
    }

    private func read(_ node: String, _ document: XDSRoutes) -> RouterObservation {
        func unread(_ problem: String) -> RouterObservation { .unread(node, level: .acked, problem) }
        guard let poll = document.poll(of: node) else {
            return unread("no Envoy with node.id \(node) has asked for its routes since this daemon started")
        }
        guard !poll.isStale else { return unread("Envoy \(node) has stopped asking for its routes") }
        let rejection = poll.rejection.map { "Envoy rejects the routes: \($0)" }
        guard !poll.version.isEmpty else {
            return unread(rejection ?? "Envoy \(node) has not taken any routes over yet")
        }
        guard let text = document.text(poll.version) else {
            return unread("Envoy \(node) holds routes of before this daemon started (\(poll.version))")
        }
        do throws(Refusal) {
            let share = try WeightedText(text, place: .weightedClusters).share(pools)
            return RouterObservation(
                instance: node, canaryBasisPoints: share, level: .acked,
                revision: ShownText.line(poll.version, limit: 100), problem: rejection)
        } catch {
            return unread("\(file.path): \(error.detail)")
        }
    }
}

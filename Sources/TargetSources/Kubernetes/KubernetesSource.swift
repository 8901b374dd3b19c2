import Discovery
import Model
import Ports
import SourceCalls

/// Watches the pods of a namespace, or its endpoint slices together with their pods.
///
/// A change is reported within a second, together with all others of that second.
struct KubernetesSource: TargetSource {
    private static let reportMs: Int64 = 1_000

    private let plan: KubernetesSourcePlan
    private let server: SourceServer
    private let clock: any DaemonClock

    init(plan: KubernetesSourcePlan, setup: SourceSetup) {
        self.plan = plan
        server = SourceServer(plan.address, security: plan.security, setup: setup)
        clock = setup.clock
    }

    var name: String {
        "kubernetes \(plan.role.rawValue)s of \(plan.namespace)" + (plan.selector.map { " (\($0))" } ?? "")
    }
    var refreshMs: Int64 { plan.relistMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        let pods = ObjectStore<PodObject>()
        let slices = ObjectStore<SliceObject>()
        await withTaskGroup(of: Void.self) { group in
            // The selector is one of slices; their pods may have other labels.
            group.addTask { await podWatch(pods).run() }
            if plan.role == .endpointslice { group.addTask { await sliceWatch(slices).run() } }
            group.addTask { await reports(pods, slices, report) }
            await group.waitForAll()
        }
    }

    private func podWatch(_ store: ObjectStore<PodObject>) -> ObjectWatch<PodObject> {
        ObjectWatch(
            path: "/api/v1/namespaces/\(QueryText.encoded(plan.namespace))/pods",
            selector: plan.role == .pod ? plan.selector : nil, relistMs: plan.relistMs, server: server, clock: clock,
            store: store)
    }

    private func sliceWatch(_ store: ObjectStore<SliceObject>) -> ObjectWatch<SliceObject> {
        ObjectWatch(
            path: "/apis/discovery.k8s.io/v1/namespaces/\(QueryText.encoded(plan.namespace))/endpointslices",
            selector: plan.selector, relistMs: plan.relistMs, server: server, clock: clock, store: store)
    }

    private func reports(
        _ pods: ObjectStore<PodObject>, _ slices: ObjectStore<SliceObject>,
        _ report: @Sendable (SourceAnswer) async -> Void
    ) async {
        var reported = -1
        while !Task.isCancelled {
            let revision = pods.revision + slices.revision
            if revision != reported, let answer = answer(pods, slices) {
                reported = revision
                await report(answer)
            }
            // The first answer comes soon; later ones are gathered.
            let pauseMs = reported < 0 ? Self.reportMs / 10 : Self.reportMs
            do throws(CancellationError) { try await clock.sleep(ms: pauseMs) } catch { return }
        }
    }

    /// Nil while the first list is on its way.
    private func answer(_ pods: ObjectStore<PodObject>, _ slices: ObjectStore<SliceObject>) -> SourceAnswer? {
        let usesSlices = plan.role == .endpointslice
        if let reason = pods.failure ?? (usesSlices ? slices.failure : nil) { return .failed(reason: reason) }
        guard pods.hasList, !usesSlices || slices.hasList else { return nil }
        let pods = pods.objects
        let groups: [TargetGroup]
        if usesSlices {
            groups = slices.objects.values.map { SliceTargets.group($0, pods: pods) }
        } else {
            groups = pods.values.compactMap(PodTargets.group)
        }
        let sorted = groups.sorted { $0.source.utf8.lexicographicallyPrecedes($1.source.utf8) }
        return SourceLimits.reasonToRefuse(sorted).map { .failed(reason: $0) } ?? .list(sorted)
    }
}

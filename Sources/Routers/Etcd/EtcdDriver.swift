import Model
import Ports

/// A key in etcd that something else watches: a library in the services, a sidecar, a controller.
///
/// Only a key that is there is changed, by a transaction on condition of the revision that was read. What the watcher
/// makes of it is not known here; the canary's traffic proves it.
struct EtcdDriver: RouterDriver {
    let capabilities: RouterCapabilities
    /// One cluster is one instance, however many members it has.
    let instances: [String]

    private let client: EtcdClient
    private let key: String
    private let value: BodyTemplate
    private let readBack: CheckedReadBack
    private let scope: TemplateScope

    init(
        plan: EtcdPlan, release: String, versions: (baseline: String, canary: String),
        transport: any HTTPTransport, secrets: any SecretStore, aim: RouterAim
    ) throws(RouterPlanError) {
        guard (1...1_000).contains(plan.key.utf8.count), HeaderRules.isValue(plan.key) else {
            throw RouterPlanError("the key \"\(ShownText.line(plan.key, limit: 80))\" must be 1 to 1000 bytes of text")
        }
        try WeightPair.check(total: plan.total)
        client = try EtcdClient(plan.access, transport: transport, secrets: secrets)
        key = plan.key
        value = try BodyTemplate(plan.value, names: TemplateNames(variables: [], hasSplit: true))
        guard value.usesSplit else {
            throw RouterPlanError(
                "value has no template of the split, such as ${percent.canary}; it would never change")
        }
        let step = HTTPRouterPlan.Step(url: "/")
        readBack = try CheckedReadBack(
            HTTPRouterPlan.ReadBack(steps: [step], canary: plan.canary, baseline: plan.baseline),
            names: TemplateNames(variables: [], hasSplit: false))
        scope = TemplateScope(
            release: release, baselineVersion: versions.baseline, canaryVersion: versions.canary, variables: [:],
            instance: client.name, split: nil, total: plan.total, aim: aim)
        instances = [client.name]
        capabilities = RouterCapabilities(
            readBack: .config, movesStickyClients: false,
            granularityBasisPoints: WeightPair.granularityBasisPoints(total: plan.total), keeps: .everything)
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        do throws(Refusal) {
            let entry = try await entry(Deadline(afterMs: timeoutMs))
            let document = (try? JSONParser.parse(PlainSpace.trim(entry.value))) ?? .text(entry.value)
            return [
                RouterObservation(
                    instance: client.name, canaryBasisPoints: try readBack.share(document), level: .config,
                    revision: entry.revision
                ).aimed(scope.aim)
            ]
        } catch {
            return [.unread(client.name, level: .config, error.detail)]
        }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        let text = (try? text(split)) ?? ""
        return [PlannedCall(instance: client.name, call: "txn, if \(key) is as it was read: put \(key) \(text)")]
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        let deadline = Deadline(afterMs: timeoutMs)
        do throws(Refusal) {
            let text = try text(split)
            try await ConflictRetry.run(split, deadline: deadline) { isLast throws(Refusal) in
                let entry = try await entry(deadline)
                // The last attempt of a rollback has no condition.
                let isForced = isLast && split == .allBaseline
                try await client.put([(key, text)], ifUnchanged: isForced ? [] : [entry], deadline: deadline)
            }
            return [RouterReceipt(instance: client.name, nil)]
        } catch {
            return [RouterReceipt(instance: client.name, error)]
        }
    }

    private func entry(_ deadline: Deadline) async throws(Refusal) -> EtcdClient.Entry {
        guard let entry = try await client.range(key: key, deadline: deadline).first else {
            throw Refusal(
                .rejected, "there is no key \(key); put it there once, so that a misspelt one is not taken for it")
        }
        return entry
    }

    private func text(_ split: Split) throws(Refusal) -> String {
        let filled = TemplateScope(
            release: scope.release, baselineVersion: scope.baselineVersion, canaryVersion: scope.canaryVersion,
            variables: [:], instance: scope.instance, split: split, total: scope.total,
            aim: scope.aim)
        return try value.text(filled)
    }
}

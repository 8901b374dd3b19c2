package import Model
package import SourceCalls

/// All kinds of lease stores.
package enum LeaseStores {
    /// - Parameter callTimeoutMs: of each call.
    package static func store(_ plan: LeaseStorePlan, _ setup: CallSetup, callTimeoutMs: Int64) -> any LeaseStore {
        switch plan {
        case .etcd(let etcd): EtcdLeaseStore(plan: etcd, label: plan.label, setup: setup, timeoutMs: callTimeoutMs)
        case .consul(let consul):
            ConsulLeaseStore(plan: consul, label: plan.label, setup: setup, timeoutMs: callTimeoutMs)
        case .postgresql(let postgres):
            PostgresLeaseStore(plan: postgres, label: plan.label, setup: setup, timeoutMs: callTimeoutMs)
        case .kubernetes(let kubernetes):
            KubernetesLeaseStore(plan: kubernetes, label: plan.label, setup: setup, timeoutMs: callTimeoutMs)
        case .file(let file): FileLeaseStore(plan: file, label: plan.label)
        }
    }
}

/// Which version of each document was seen, and in which order they came: resource versions of Kubernetes have no order.
struct KnownObjects: Sendable {
    private struct Known {
        var identity: String
        var number: UInt64
    }

    private var known: [String: Known] = [:]
    private(set) var number: UInt64 = 0

    func isKnown(_ metadata: KubernetesMetadata) -> Bool {
        known[metadata.name]?.identity == metadata.identity
    }

    /// Each version that was not known gets the next number.
    mutating func note(_ metadata: KubernetesMetadata) {
        guard !isKnown(metadata) else { return }
        number += 1
        known[metadata.name] = Known(identity: metadata.identity, number: number)
    }

    func number(of name: String) -> UInt64 { known[name]?.number ?? 0 }

    mutating func keep(_ names: Set<String>) { known = known.filter { names.contains($0.key) } }
}

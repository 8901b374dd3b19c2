import Foundation
import SourceCalls
import Synchronization

/// Documents in ConfigMaps, one in each.
final class KubernetesDocuments: Sendable {
    private static let conflictLimit = 5
    /// More documents than these are read as a list.
    private static let singleReads = 20
    /// So many of the largest fit into one answer.
    private static let listPart = 15
    private static let key = "document"

    private struct State {
        var known = KnownObjects()
        var highestToken: UInt64 = 0
    }

    private let names: KubernetesNames
    private let namespace: String
    private let cluster: KubernetesCluster
    private let state = Mutex(State())

    init(names: KubernetesNames, namespace: String, cluster: KubernetesCluster) {
        self.names = names
        self.namespace = namespace
        self.cluster = cluster
    }

    /// Of the documents that were seen.
    var highestToken: UInt64 { state.withLock { $0.highestToken } }

    // MARK: Reading

    /// The documents that came after a number, and the number after which no other one came. Numbers are those of this process:
    /// which versions it has seen, in their order. So a cluster that was restored from a backup has new documents, and no old ones.
    func read(after cursor: UInt64?) async throws(SourceError) -> (documents: [LeaseView.Document], cursor: UInt64) {
        let selector = names.selector(KubernetesNames.document)
        let listed = try await cluster.documentsMetadata(selector)
        let wanted = state.withLock { state in
            state.known.keep(Set(listed.map(\.name)))
            let after = cursor.map { $0 <= state.known.number ? $0 : 0 } ?? 0
            return Set(
                listed.filter { !state.known.isKnown($0) || state.known.number(of: $0.name) > after }.map(\.name))
        }
        let objects = try await objects(wanted, selector).sorted { $0.order < $1.order }
        let number = state.withLock { state in
            for object in objects {
                state.known.note(object.metadata)
                state.highestToken = max(state.highestToken, object.token ?? 0)
            }
            return state.known.number
        }
        return (objects.compactMap(KubernetesDocuments.document), number)
    }

    private func objects(
        _ wanted: Set<String>, _ selector: String
    ) async throws(SourceError) -> [KubernetesConfigMap] {
        guard wanted.count <= Self.singleReads else {
            let all = try await cluster.documents(selector, partSize: Self.listPart)
            return all.filter { wanted.contains($0.metadata.name) }
        }
        var objects: [KubernetesConfigMap] = []
        for name in wanted.sorted() {
            // One that is absent was removed since.
            if let object = try await cluster.document(name) { objects.append(object) }
        }
        return objects
    }

    /// Nil for an object that another program has made.
    private static func document(_ object: KubernetesConfigMap) -> LeaseView.Document? {
        guard let path = object.metadata.annotations?[KubernetesNames.path],
            let bytes = object.binaryData?[key].flatMap({ Data(base64Encoded: $0) })
        else { return nil }
        return LeaseView.Document(path: path, bytes: Array(bytes))
    }

    // MARK: Writing

    /// The lead that a document is written with.
    struct Lead: Sendable {
        var scope: String
        var token: UInt64
    }

    /// - Parameter lead: nil for a document of any replica.
    /// - Returns: false when a leader with a higher token has written the document.
    func put(_ path: String, _ bytes: [UInt8], mark: String, lead: Lead?) async throws(SourceError) -> Bool {
        let name = try name(path)
        for _ in 0..<Self.conflictLimit {
            let old = try await cluster.document(name)
            // Tokens of different leads say nothing of each other.
            if let lead, let written = old?.token, written > lead.token, old?.scope == lead.scope { return false }
            let labels = names.labels(KubernetesNames.document)
            var next =
                old ?? KubernetesConfigMap(metadata: .init(name: name, namespace: namespace, labels: labels))
            next.metadata.annotations = [KubernetesNames.path: path, KubernetesNames.write: mark]
            if let lead {
                next.metadata.annotations?[KubernetesNames.token] = "\(lead.token)"
                next.metadata.annotations?[KubernetesNames.scope] = lead.scope
            }
            next.binaryData = [Self.key: Data(bytes).base64EncodedString()]
            let outcome = old == nil ? try await cluster.create(next) : try await cluster.replace(next)
            if case .done = outcome { return true }
        }
        throw SourceError("another client changes the ConfigMap \(name) all the time")
    }

    func remove(_ paths: [String]) async throws(SourceError) {
        for path in paths { _ = try await cluster.deleteDocument(try name(path), ifStill: nil) }
    }

    private func name(_ path: String) throws(SourceError) -> String {
        guard let name = names.document(path) else { throw SourceError("\(path) is too long for a name in Kubernetes") }
        return name
    }
}

extension KubernetesConfigMap {
    /// Of the leader that wrote it.
    fileprivate var token: UInt64? { metadata.annotations?[KubernetesNames.token].flatMap { UInt64($0) } }

    fileprivate var scope: String? { metadata.annotations?[KubernetesNames.scope] }

    /// Versions have no order that clients may rely on; where they are numbers, as in all known servers, the order of writes is
    /// that of the numbers, and else it is that of the names.
    fileprivate var order: (UInt64, String) {
        (metadata.resourceVersion.flatMap { UInt64($0) } ?? 0, metadata.name)
    }
}

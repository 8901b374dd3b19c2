import Foundation
import Model
import Ports
import SourceCalls

/// The objects of one namespace, as the API server keeps them.
///
/// Source: Kubernetes' documentation, "Kubernetes API Concepts".
struct KubernetesCluster: Sendable {
    /// What became of a write that depends on an object's version.
    enum Outcome<Object: Sendable>: Sendable {
        case done(Object)
        /// The object was changed, or made, by another client.
        case conflict
        case absent
    }

    private static let partSize = 500
    private static let partLimit = 100
    /// The server leaves the contents out; one that cannot answers with the whole objects.
    private static let metadataAlone = TextPair(
        "Accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json")

    let server: SourceServer
    let namespace: String
    let timeoutMs: Int64

    private var leases: String { "/apis/coordination.k8s.io/v1/namespaces/\(QueryText.encoded(namespace))/leases" }
    private var configMaps: String { "/api/v1/namespaces/\(QueryText.encoded(namespace))/configmaps" }

    // MARK: Leases

    func leases(_ selector: String) async throws(SourceError) -> [KubernetesLease] {
        try await list(KubernetesLease.self, leases, selector)
    }

    /// Nil for one that is absent.
    func lease(_ name: String) async throws(SourceError) -> KubernetesLease? {
        try await object(KubernetesLease.self, "\(leases)/\(name)")
    }

    func create(_ lease: KubernetesLease) async throws(SourceError) -> Outcome<KubernetesLease> {
        try await write("POST", leases, lease)
    }

    /// If its version is the one that it was read with.
    func replace(_ lease: KubernetesLease) async throws(SourceError) -> Outcome<KubernetesLease> {
        try await write("PUT", "\(leases)/\(lease.metadata.name)", lease)
    }

    /// - Parameter version: as `uid` and `resourceVersion` of what was read; nil deletes whatever is there.
    func deleteLease(
        _ name: String, ifStill version: KubernetesMetadata?
    ) async throws(SourceError) -> Outcome<Void> {
        try await delete("\(leases)/\(name)", version)
    }

    // MARK: Documents

    /// Without their contents.
    func documentsMetadata(_ selector: String) async throws(SourceError) -> [KubernetesMetadata] {
        try await list(
            KubernetesConfigMap.self, configMaps, selector, headers: [KubernetesCluster.metadataAlone]
        ).map(\.metadata)
    }

    /// - Parameter partSize: so many of the largest fit into one answer.
    func documents(_ selector: String, partSize: Int) async throws(SourceError) -> [KubernetesConfigMap] {
        try await list(KubernetesConfigMap.self, configMaps, selector, partSize: partSize)
    }

    func document(_ name: String) async throws(SourceError) -> KubernetesConfigMap? {
        try await object(KubernetesConfigMap.self, "\(configMaps)/\(name)")
    }

    func create(_ document: KubernetesConfigMap) async throws(SourceError) -> Outcome<KubernetesConfigMap> {
        try await write("POST", configMaps, document)
    }

    func replace(_ document: KubernetesConfigMap) async throws(SourceError) -> Outcome<KubernetesConfigMap> {
        try await write("PUT", "\(configMaps)/\(document.metadata.name)", document)
    }

    func deleteDocument(
        _ name: String, ifStill version: KubernetesMetadata?
    ) async throws(SourceError) -> Outcome<Void> {
        try await delete("\(configMaps)/\(name)", version)
    }

    // MARK: Calls

    private func list<Object: KubernetesObject>(
        _ type: Object.Type, _ path: String, _ selector: String, headers: [TextPair] = [],
        partSize: Int = KubernetesCluster.partSize
    ) async throws(SourceError) -> [Object] {
        var objects: [Object] = []
        var next: String?
        for _ in 0..<KubernetesCluster.partLimit * KubernetesCluster.partSize / partSize {
            let query = [("labelSelector", selector), ("limit", "\(partSize)"), ("continue", next)]
            let answer = try await call("GET", path, query: query, headers: headers)
            if answer.status == 410, next != nil {
                // The list has expired while it was read in parts.
                (objects, next) = ([], nil)
                continue
            }
            guard answer.status == 200 else { throw refusal(path, answer) }
            let part = try AnswerJSON.decode(KubernetesList<Object>.self, answer.body, of: path)
            objects += part.items ?? []
            next = part.metadata?.next.flatMap { $0.isEmpty ? nil : $0 }
            if next == nil { return objects }
        }
        throw SourceError("\(path): the list does not end")
    }

    private func object<Object: KubernetesObject>(
        _ type: Object.Type, _ path: String
    ) async throws(SourceError) -> Object? {
        let answer = try await call("GET", path)
        if answer.status == 404 { return nil }
        guard answer.status == 200 else { throw refusal(path, answer) }
        return try AnswerJSON.decode(type, answer.body, of: path)
    }

    private func write<Object: KubernetesObject>(
        _ method: String, _ path: String, _ object: Object
    ) async throws(SourceError) -> Outcome<Object> {
        let body: [UInt8]
        do { body = Array(try JSONEncoder().encode(object)) } catch { throw SourceError("\(path): it cannot be sent") }
        let answer = try await call(
            method, path, headers: [TextPair("Content-Type", "application/json")], body: body)
        switch answer.status {
        case 200, 201: return .done(try AnswerJSON.decode(Object.self, answer.body, of: path))
        case 409: return .conflict
        // A POST is answered with 404 when its namespace is absent.
        case 404 where method == "PUT": return .absent
        default: throw refusal(path, answer)
        }
    }

    private struct Deletion: Encodable {
        struct Preconditions: Encodable {
            let uid: String?
            let resourceVersion: String?
        }

        let apiVersion = "v1"
        let kind = "DeleteOptions"
        let preconditions: Preconditions?
    }

    private func delete(
        _ path: String, _ version: KubernetesMetadata?
    ) async throws(SourceError) -> Outcome<Void> {
        let deletion = Deletion(
            preconditions: version.map { .init(uid: $0.uid, resourceVersion: $0.resourceVersion) })
        let body: [UInt8]
        do { body = Array(try JSONEncoder().encode(deletion)) } catch {
            throw SourceError("\(path): it cannot be sent")
        }
        let answer = try await call(
            "DELETE", path, headers: [TextPair("Content-Type", "application/json")], body: body)
        switch answer.status {
        case 200, 202: return .done(())
        case 404: return .absent
        case 409: return .conflict
        default: throw refusal(path, answer)
        }
    }

    /// Once more after 401: the file with the token may just have been replaced.
    private func call(
        _ method: String, _ path: String, query: [(String, String?)] = [], headers: [TextPair] = [],
        body: [UInt8]? = nil
    ) async throws(SourceError) -> HTTPResponse {
        let answer = try await server.exchange(
            method, path, query: query, headers: headers, body: body, timeoutMs: timeoutMs)
        guard answer.status == 401 else { return answer }
        return try await server.exchange(
            method, path, query: query, headers: headers, body: body, timeoutMs: timeoutMs)
    }

    private struct Status: Decodable { let message: String? }

    /// Of a `Status`, the message says it all.
    private func refusal(_ path: String, _ answer: HTTPResponse) -> SourceError {
        guard let status = try? JSONDecoder().decode(Status.self, from: Data(answer.body)), let message = status.message
        else { return server.refusal(path, answer) }
        var short = answer
        short.body = Array(message.utf8)
        return server.refusal(path, short)
    }
}

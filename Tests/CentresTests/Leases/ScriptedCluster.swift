import Foundation
import Model
import Ports
import Synchronization

/// An API server of Kubernetes that keeps Leases and ConfigMaps as the real one does: versions that grow over all objects, 409 for
/// one that is not the newest, writes that change nothing and leave the version as it is, lists by label in parts, deletions with
/// preconditions.
///
/// Sources: Kubernetes' documentation, "Kubernetes API Concepts"; its API reference, `DeleteOptions`, `Status`. It is not run
/// against a real cluster.
final class ScriptedCluster: HTTPTransport {
    fileprivate struct State {
        /// By path.
        var objects: [String: [String: Any]] = [:]
        var version = 1_000
        var uid = 0
        var requests: [String] = []
        var before: (@Sendable (HTTPRequest) async -> Void)?
    }

    // The lock says what a class of JSON objects cannot: they are used inside it alone.
    private final class Box: @unchecked Sendable { var state = State() }
    private let box = Mutex(Box())
    let token: String

    init(token: String = "top-secret-c0ffee") { self.token = token }

    /// `PUT /apis/…` of all requests, without queries.
    var requests: [String] { box.withLock { $0.state.requests } }

    /// Is done before a request is carried out.
    func disturb(_ work: (@Sendable (HTTPRequest) async -> Void)?) { box.withLock { $0.state.before = work } }

    /// The objects of a kind.
    func names(_ kind: String) -> [String] {
        box.withLock { box in
            box.state.objects.keys.filter { $0.contains("/\(kind)/") }.map {
                String($0.split(separator: "/").last ?? "")
            }
            .sorted()
        }
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let before = box.withLock { $0.state.before }
        await before?(request)
        return box.withLock { $0.state.answer(request, token: token) }
    }
}

extension ScriptedCluster {
    static func isValid(_ name: String) -> Bool { State.isName(name) }
}

extension ScriptedCluster.State {
    fileprivate mutating func answer(_ request: HTTPRequest, token: String) -> HTTPResponse {
        guard let url = URLComponents(string: request.url) else { return Self.status(400, "the URL") }
        requests.append("\(request.method) \(url.path)")
        guard case .bearer(.environment("SECRET"))? = request.security.authorization else {
            return Self.status(401, "Unauthorized")
        }
        let query = Dictionary((url.queryItems ?? []).map { ($0.name, $0.value ?? "") }) { one, _ in one }
        let body = request.body.flatMap { try? JSONSerialization.jsonObject(with: Data($0)) as? [String: Any] }
        if let body = request.body, body.count > 1_500_000 { return Self.status(413, "Request entity too large") }
        switch request.method {
        case "POST": return create(url.path, body ?? [:])
        case "PUT": return replace(url.path, body ?? [:])
        case "DELETE": return delete(url.path, body ?? [:])
        default:
            let isList = url.path.hasSuffix("/leases") || url.path.hasSuffix("/configmaps")
            let isMetadata = request.headers.contains { $0.value.contains("as=PartialObjectMetadataList") }
            if isList { return list(url.path, query, isMetadata: isMetadata) }
            guard let object = objects[url.path] else { return Self.notFound(url.path) }
            return Self.reply(200, object)
        }
    }

    private mutating func create(_ path: String, _ body: [String: Any]) -> HTTPResponse {
        var metadata = body["metadata"] as? [String: Any] ?? [:]
        guard let name = metadata["name"] as? String, Self.isName(name) else {
            return Self.status(422, "metadata.name: Invalid value")
        }
        guard objects["\(path)/\(name)"] == nil else { return Self.status(409, "leases \"\(name)\" already exists") }
        uid += 1
        metadata["uid"] = "uid-\(uid)"
        var object = body
        object["metadata"] = metadata
        return Self.reply(201, store("\(path)/\(name)", object))
    }

    private mutating func replace(_ path: String, _ body: [String: Any]) -> HTTPResponse {
        guard let old = objects[path], let known = old["metadata"] as? [String: Any] else { return Self.notFound(path) }
        var metadata = body["metadata"] as? [String: Any] ?? [:]
        let version = metadata["resourceVersion"] as? String ?? ""
        if !version.isEmpty, version != known["resourceVersion"] as? String {
            return Self.status(409, "the object has been modified; please apply your changes to the latest version")
        }
        metadata["uid"] = known["uid"]
        metadata["resourceVersion"] = known["resourceVersion"]
        var object = body
        object["metadata"] = metadata
        if NSDictionary(dictionary: object).isEqual(to: old) { return Self.reply(200, old) }
        return Self.reply(200, store(path, object))
    }

    private mutating func delete(_ path: String, _ body: [String: Any]) -> HTTPResponse {
        guard let old = objects[path], let known = old["metadata"] as? [String: Any] else { return Self.notFound(path) }
        let wanted = body["preconditions"] as? [String: Any] ?? [:]
        for field in ["uid", "resourceVersion"] {
            if let value = wanted[field] as? String, value != known[field] as? String {
                return Self.status(409, "the \(field) in the precondition does not match")
            }
        }
        objects[path] = nil
        version += 1
        return Self.status(200, "")
    }

    private func list(_ path: String, _ query: [String: String], isMetadata: Bool) -> HTTPResponse {
        let selected = objects.filter {
            $0.key.hasPrefix(path + "/") && Self.fits($0.value, query["labelSelector"] ?? "")
        }
        .sorted { $0.key < $1.key }.map(\.value)
        let start = Int(query["continue"] ?? "") ?? 0
        let end = min(selected.count, start + (Int(query["limit"] ?? "") ?? selected.count))
        let items = selected[start..<end].map { isMetadata ? ["metadata": $0["metadata"] ?? [:]] : $0 }
        var metadata = ["resourceVersion": "\(version)"]
        if end < selected.count { metadata["continue"] = "\(end)" }
        return Self.reply(200, ["kind": "List", "metadata": metadata, "items": items])
    }

    private mutating func store(_ path: String, _ object: [String: Any]) -> [String: Any] {
        version += 1
        var object = object
        var metadata = object["metadata"] as? [String: Any] ?? [:]
        metadata["resourceVersion"] = "\(version)"
        object["metadata"] = metadata
        objects[path] = object
        return object
    }

    private static func fits(_ object: [String: Any], _ selector: String) -> Bool {
        let labels = (object["metadata"] as? [String: Any])?["labels"] as? [String: String] ?? [:]
        return selector.split(separator: ",").allSatisfy { part in
            let sides = part.split(separator: "=", maxSplits: 1).map(String.init)
            return sides.count == 2 && labels[sides[0]] == sides[1]
        }
    }

    /// RFC 1123, a subdomain.
    fileprivate static func isName(_ name: String) -> Bool {
        name.utf8.count <= 253
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                let isPlain = part.utf8.allSatisfy {
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
                }
                return isPlain && !part.isEmpty && part.first != "-" && part.last != "-"
            }
    }

    private static func notFound(_ path: String) -> HTTPResponse { status(404, "\(path) not found") }

    private static func status(_ code: Int, _ message: String) -> HTTPResponse {
        reply(code, ["kind": "Status", "apiVersion": "v1", "message": message, "code": code])
    }

    private static func reply(_ code: Int, _ object: [String: Any]) -> HTTPResponse {
        let data = (try? JSONSerialization.data(withJSONObject: object)) ?? Data()
        return HTTPResponse(status: code, body: Array(data))
    }
}

import Model
import Ports

/// etcd's v3 API through its JSON gateway. Keys and values are base64, 64-bit numbers are texts, and what is false or 0 is
/// left out.
///
/// Source: etcd's manual, "gRPC gateway"; `etcdserverpb/rpc.proto`.
struct EtcdClient: Sendable {
    /// The cluster's members, as one name.
    let name: String
    private let endpoints: [InstanceAddress]
    private let api: RouterAPI
    private let secrets: any SecretStore
    private let credential: (user: String, password: SecretReference)?

    struct Entry: Sendable, Equatable {
        let key: String
        let value: String
        /// Of the last change.
        let revision: String
    }

    init(
        _ access: EtcdAccess, transport: any HTTPTransport, secrets: any SecretStore
    ) throws(RouterPlanError) {
        endpoints = try InstanceAddress.all(access.endpoints)
        name = endpoints.map(\.name).joined(separator: ",")
        self.secrets = secrets
        var api = RouterAPI(
            transport: transport, secrets: secrets, security: access.security,
            literals: endpoints.compactMap(\.password))
        switch access.security.authorization {
        case .basic(let user, let password): credential = (user, password)
        case .bearer, .header:
            throw RouterPlanError("etcd knows users and passwords, or client certificates; write auth: {basic: …}")
        case nil: credential = nil
        }
        // The gateway takes a token of its own, without "Basic" or "Bearer" in front of it.
        api.security.authorization = nil
        self.api = api
    }

    /// One key, or all that begin with `prefix`.
    func range(key: String, isPrefix: Bool = false, deadline: Deadline) async throws(Refusal) -> [Entry] {
        var members = [JSONMember(name: "key", value: EtcdClient.bytes(key))]
        if isPrefix { members.append(JSONMember(name: "range_end", value: .text(EtcdClient.end(of: key)))) }
        members.append(JSONMember(name: "limit", value: .number(200)))
        let answer = try await call("/v3/kv/range", .object(members), isChange: false, deadline)
        return try (answer["kvs"]?.items ?? []).map { entry throws(Refusal) in
            guard let key = EtcdClient.text(entry["key"]), let value = EtcdClient.text(entry["value"] ?? .text("")),
                let revision = entry["mod_revision"]?.plainText
            else { throw Refusal(.rejected, "an entry cannot be read: \(ShownText.line(entry.encoded, limit: 200))") }
            return Entry(key: key, value: value, revision: revision)
        }
    }

    /// Writes all of it if all of the entries are as they were read.
    ///
    /// - Parameter unchanged: empty forces the write.
    /// - Throws: ``Refusal``, a conflict when an entry has changed.
    func put(_ values: [(key: String, value: String)], ifUnchanged unchanged: [Entry], deadline: Deadline)
        async throws(Refusal)
    {
        let compare = unchanged.map { entry in
            JSONValue.object([
                JSONMember(name: "target", value: .text("MOD")), JSONMember(name: "result", value: .text("EQUAL")),
                JSONMember(name: "key", value: EtcdClient.bytes(entry.key)),
                JSONMember(name: "mod_revision", value: .text(entry.revision)),
            ])
        }
        let success = values.map { key, value in
            let put = [
                JSONMember(name: "key", value: EtcdClient.bytes(key)),
                JSONMember(name: "value", value: EtcdClient.bytes(value)),
            ]
            return JSONValue.object([JSONMember(name: "request_put", value: .object(put))])
        }
        let body = JSONValue.object([
            JSONMember(name: "compare", value: .list(compare)), JSONMember(name: "success", value: .list(success)),
        ])
        let answer = try await call("/v3/kv/txn", body, isChange: true, deadline)
        // A failed comparison is a 200 in which the field is missing.
        guard answer["succeeded"]?.isTrue == true else {
            throw Refusal(.conflict, "another client changed \(unchanged.first?.key ?? "the key") at the same time")
        }
    }

    // MARK: One call

    /// The members are tried in order, each with its part of the time that is left: a dead first one must not use it up.
    private func call(
        _ path: String, _ body: JSONValue, isChange: Bool, _ deadline: Deadline
    ) async throws(Refusal) -> JSONValue {
        var last = Refusal(.unreachable, "no time was left")
        for (index, endpoint) in endpoints.enumerated() {
            let part = Deadline(afterMs: deadline.remainingMs / Int64(endpoints.count - index))
            guard deadline.remainingMs > 0 else { break }
            do {
                let token = try await token(endpoint, part)
                let headers = token.map { [TextPair("Authorization", $0)] } ?? []
                let call = RouterAPI.Call(
                    method: "POST", url: endpoint.url + path, headers: headers, body: body.encoded, isChange: isChange)
                return try document(try await api.send(call, deadline: part), token: token)
            } catch {
                last = Refusal(error.outcome, "\(endpoint.name): \(error.detail)")
                // Another member may know better than one that is down or has no leader; a refusal is a refusal.
                guard error.outcome == .unreachable || error.outcome == .unknown else { break }
            }
        }
        throw last
    }

    private func document(_ response: HTTPResponse, token: String?) throws(Refusal) -> JSONValue {
        func said() -> String { api.mask.clean(response.body, also: token.map { [$0] } ?? []) }
        guard response.status == 200 else {
            let said = said()
            if said.contains("user name is empty") {
                throw Refusal(.rejected, "etcd wants a user and password; write auth: {basic: {user, password_file}}")
            }
            throw Refusal.status(response.status, body: said, hasCredential: credential != nil)
        }
        do {
            return try JSONParser.parse(response.body)
        } catch {
            throw Refusal(.rejected, "the answer is not JSON: \(said())")
        }
    }

    /// Tokens are short-lived and belong to one member, so each call asks for its own; with no user there is none.
    private func token(_ endpoint: InstanceAddress, _ deadline: Deadline) async throws(Refusal) -> String? {
        guard let credential else { return nil }
        let password: String
        do {
            password = try secrets.secret(credential.password)
        } catch {
            throw Refusal(.rejected, error.description)
        }
        let body = JSONValue.object([
            JSONMember(name: "name", value: .text(credential.user)),
            JSONMember(name: "password", value: .text(password)),
        ])
        let call = RouterAPI.Call(
            method: "POST", url: endpoint.url + "/v3/auth/authenticate", body: body.encoded)
        let answer = try document(try await api.send(call, deadline: deadline), token: nil)
        guard let token = answer["token"]?.text, HeaderRules.isValue(token) else {
            throw Refusal(.rejected, "etcd gave no token")
        }
        return token
    }

    private static func bytes(_ text: String) -> JSONValue { .text(Base64.encode(Array(text.utf8))) }

    private static func text(_ value: JSONValue?) -> String? {
        value?.text.flatMap(Base64.decode).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// The first key behind all that begin with the prefix.
    private static func end(of prefix: String) -> String {
        var bytes = Array(prefix.utf8)
        // UTF-8 has no byte 255, so that one can always be added.
        if let last = bytes.popLast() { bytes.append(last + 1) }
        return Base64.encode(bytes)
    }
}

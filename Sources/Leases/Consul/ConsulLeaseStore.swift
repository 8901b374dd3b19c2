import Foundation
import Model
import Ports
import SourceCalls

/// Sessions and documents in Consul. The lead is a key that the replica's session has acquired; it goes with the session, and
/// its creation index is the fencing token. Each guarded write checks the session in the same transaction.
///
/// Consul ends a session up to twice its time after the last renewal, and keeps the lead free for another second.
/// Source: Consul's documentation, "Sessions", "KV Store Endpoints" and "Transaction Endpoints".
struct ConsulLeaseStore: LeaseStore {
    let label: String
    private let prefix: String
    private let server: SourceServer
    private let timeoutMs: Int64

    init(plan: ConsulLeasePlan, label: String, setup: CallSetup, timeoutMs: Int64) {
        var security = plan.security
        if let token = plan.token { security.authorization = .header(name: "X-Consul-Token", value: token) }
        server = SourceServer(plan.address, security: security, setup: setup)
        prefix = plan.prefix
        self.label = label
        self.timeoutMs = timeoutMs
    }

    private var leadPrefix: String { prefix + "lease/" }
    private var statusPrefix: String { prefix + "status/" }
    private var documentPrefix: String { prefix + "documents/" }

    func open(name: String, status: [UInt8], ttlMs: Int64) async throws(SourceError) -> LeaseSession {
        // Without checks of the node the session rests on its renewal alone.
        let body =
            "{\"Name\":\"rollguard\",\"TTL\":\"\(ttlMs / 1_000)s\",\"Behavior\":\"delete\",\"LockDelay\":\"1s\",\"NodeChecks\":[]}"
        let answer = try await server.send(
            "PUT", "/v1/session/create", body: Array(body.utf8), timeoutMs: timeoutMs)
        let session = LeaseSession(
            id: try AnswerJSON.decode(Created.self, answer.body, of: "the session").id, name: name)
        _ = try await acquire(statusPrefix + name, status, session)
        return session
    }

    func renew(_ session: LeaseSession, status: [UInt8]) async throws(SourceError) -> Bool {
        do throws(SourceError) {
            _ = try await server.send("PUT", "/v1/session/renew/\(session.id)", body: [], timeoutMs: timeoutMs)
        } catch {
            if error.status == 404 { return false }
            throw error
        }
        _ = try? await acquire(statusPrefix + session.name, status, session)
        return true
    }

    func close(_ session: LeaseSession) async {
        _ = try? await server.send("PUT", "/v1/session/destroy/\(session.id)", body: [], timeoutMs: timeoutMs)
    }

    func lead(_ scope: String, _ session: LeaseSession) async throws(SourceError) -> UInt64? {
        let key = leadPrefix + scope
        guard try await acquire(key, Array(session.name.utf8), session) else { return nil }
        let answer = try await server.get(path(key), query: [("consistent", "")], timeoutMs: timeoutMs)
        let pairs = try AnswerJSON.decode([Pair].self, answer.body, of: "the leader")
        guard let pair = pairs.first, pair.session == session.id else { return nil }
        return pair.createIndex
    }

    /// The key goes too: the next leader's creates it, so its token is a higher one.
    func drop(_ hold: LeaseHold) async throws(SourceError) {
        let key = leadPrefix + hold.scope
        do throws(SourceError) {
            try await transaction([
                Operation(verb: "check-session", key: key, session: hold.session.id),
                Operation(verb: "delete", key: key),
            ])
        } catch { guard error.status == 409 else { throw error } }
    }

    func view(after cursor: UInt64?) async throws(SourceError) -> LeaseView {
        let pairs: [Pair]
        do throws(SourceError) {
            let answer = try await server.get(
                path(prefix), query: [("recurse", ""), ("consistent", "")], timeoutMs: timeoutMs)
            pairs = try AnswerJSON.decode([Pair].self, answer.body, of: "the keys")
        } catch {
            guard error.status == 404 else { throw error }
            // No key, or a token that may not see them: then nothing can be acquired either.
            return LeaseView(cursor: cursor ?? 0)
        }
        let newest = pairs.map(\.modifyIndex).max() ?? 0
        // Indexes go back when the servers were restored.
        let after = cursor.map { $0 <= newest ? $0 : 0 } ?? 0
        var view = LeaseView(cursor: newest)
        for pair in pairs.sorted(by: { $0.modifyIndex < $1.modifyIndex }) {
            guard let bytes = Data(base64Encoded: pair.value ?? "").map(Array.init) else {
                throw SourceError("the value of \(pair.key) is not base64")
            }
            if pair.key.hasPrefix(leadPrefix), let session = pair.session {
                view.leaders.append(
                    LeaseView.Leader(
                        scope: String(pair.key.dropFirst(leadPrefix.count)),
                        name: String(decoding: bytes, as: UTF8.self), session: session, token: pair.createIndex))
            } else if pair.key.hasPrefix(statusPrefix), pair.session != nil {
                view.statuses.append(.init(path: String(pair.key.dropFirst(statusPrefix.count)), bytes: bytes))
            } else if pair.key.hasPrefix(documentPrefix), pair.modifyIndex > after || cursor == nil {
                view.documents.append(.init(path: String(pair.key.dropFirst(documentPrefix.count)), bytes: bytes))
            }
        }
        view.leaders.sort { $0.scope < $1.scope }
        return view
    }

    func write(_ path: String, _ bytes: [UInt8], leading: LeaseHold?) async throws(SourceError) -> Bool {
        let check = leading.map { Operation(verb: "check-session", key: leadPrefix + $0.scope, session: $0.session.id) }
        let put = Operation(verb: "set", key: documentPrefix + path, value: Data(bytes).base64EncodedString())
        do throws(SourceError) {
            try await transaction([check, put].compactMap(\.self))
            return true
        } catch {
            guard leading != nil, error.status == 409 else { throw error }
            return false
        }
    }

    func remove(_ paths: [String]) async throws(SourceError) {
        guard !paths.isEmpty else { return }
        try await transaction(paths.map { Operation(verb: "delete", key: documentPrefix + $0) })
    }

    // MARK: Inside

    private struct Created: Decodable {
        let id: String

        enum CodingKeys: String, CodingKey { case id = "ID" }
    }

    private struct Pair: Decodable {
        let key: String
        let value: String?
        let session: String?
        let createIndex: UInt64
        let modifyIndex: UInt64

        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case value = "Value"
            case session = "Session"
            case createIndex = "CreateIndex"
            case modifyIndex = "ModifyIndex"
        }
    }

    private struct Operation: Encodable {
        var verb: String
        var key: String
        var value: String?
        var session: String?

        enum CodingKeys: String, CodingKey {
            case verb = "Verb"
            case key = "Key"
            case value = "Value"
            case session = "Session"
        }
    }

    private func transaction(_ operations: [Operation]) async throws(SourceError) {
        let body: [UInt8]
        do { body = Array(try JSONEncoder().encode(operations.map { ["KV": $0] })) } catch {
            throw SourceError("the document cannot be sent")
        }
        _ = try await server.send("PUT", "/v1/txn", body: body, timeoutMs: timeoutMs)
    }

    /// - Returns: false when another session has the key.
    private func acquire(_ key: String, _ value: [UInt8], _ session: LeaseSession) async throws(SourceError) -> Bool {
        let answer = try await server.send(
            "PUT", path(key), query: [("acquire", session.id)], body: value, timeoutMs: timeoutMs)
        return String(decoding: answer.body, as: UTF8.self).hasPrefix("true")
    }

    private func path(_ key: String) -> String {
        "/v1/kv/"
            + key.split(separator: "/", omittingEmptySubsequences: false).map { QueryText.encoded(String($0)) }
            .joined(separator: "/")
    }
}

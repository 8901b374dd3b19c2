import Foundation
import Ports
import Synchronization

/// etcd's JSON gateway over a few keys: ranges, prefixes and transactions that compare revisions, with the messages of
/// etcd 3.4 (64-bit numbers as texts, false and 0 left out).
final class FakeEtcd: Sendable {
    private struct Entry {
        var value: String
        var revision: Int
    }

    private struct State {
        var entries: [String: Entry]
        var revision: Int
        /// Transactions that another client precedes.
        var races: Int
    }

    private let state: Mutex<State>

    /// - Parameter entries: key, value and revision.
    init(_ entries: [(String, String, String)], races: Int = 0) {
        let known = entries.map { ($0.0, Entry(value: $0.1, revision: Int($0.2) ?? 0)) }
        state = Mutex(State(entries: Dictionary(uniqueKeysWithValues: known), revision: 100, races: races))
    }

    func value(_ key: String) -> String? { state.withLock { $0.entries[key]?.value } }

    func answer(_ request: HTTPRequest) -> FakeTransport.Answer {
        let body = try? JSONSerialization.jsonObject(with: Data(request.body ?? [])) as? [String: Any]
        guard request.method == "POST", let body else { return .reply(404, "Not Found") }
        if request.url.hasSuffix("/v3/kv/range") { return .reply(200, range(body)) }
        if request.url.hasSuffix("/v3/kv/txn") { return .reply(200, transaction(body)) }
        return .reply(404, "Not Found")
    }

    private func range(_ body: [String: Any]) -> String {
        let start = Self.text(body["key"])
        let end = (body["range_end"] as? String).map { _ in Self.text(body["range_end"]) }
        let found = state.withLock { state in
            state.entries.filter { entry in
                guard let end else { return entry.key == start }
                return entry.key >= start && entry.key < end
            }.sorted { $0.key < $1.key }
        }
        let entries = found.map { key, entry in
            #"{"key":"\#(Self.base64(key))","mod_revision":"\#(entry.revision)","version":"1","value":"\#(Self.base64(entry.value))"}"#
        }
        let kvs = entries.isEmpty ? "" : ",\"kvs\":[\(entries.joined(separator: ","))],\"count\":\"\(entries.count)\""
        return "{\"header\":{\"revision\":\"100\"}\(kvs)}"
    }

    private func transaction(_ body: [String: Any]) -> String {
        state.withLock { state in
            if state.races > 0 {
                state.races -= 1
                state.revision += 1
                for key in state.entries.keys { state.entries[key]?.revision = state.revision }
            }
            for compare in body["compare"] as? [[String: Any]] ?? [] {
                let held = state.entries[Self.text(compare["key"])]?.revision ?? 0
                guard compare["mod_revision"] as? String == String(held), compare["target"] as? String == "MOD" else {
                    return "{\"header\":{\"revision\":\"100\"}}"
                }
            }
            state.revision += 1
            for operation in body["success"] as? [[String: Any]] ?? [] {
                guard let put = operation["request_put"] as? [String: Any] else { continue }
                state.entries[Self.text(put["key"])] = Entry(value: Self.text(put["value"]), revision: state.revision)
            }
            return "{\"header\":{\"revision\":\"\(state.revision)\"},\"succeeded\":true,\"responses\":[{}]}"
        }
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private static func text(_ value: Any?) -> String {
        (value as? String).flatMap { Data(base64Encoded: $0) }.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

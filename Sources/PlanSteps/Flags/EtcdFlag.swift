import Foundation
import Model
import Ports
import Support

/// A key in etcd whose value is the variant, over the JSON gateway of etcd 3.
///
/// Source: etcd.io, Documentation, "API reference: etcd v3", KV/Range and KV/Txn.
struct EtcdFlag: FlagPlace {
    private static let conflictLimit = 4

    func plan(_ work: FlagWork) -> String {
        "etcd \(Redaction.url(work.url ?? "")): put \(work.flag) = \(work.variant), if it has not changed since it was read"
    }

    func read(_ work: FlagWork, _ attempt: FlagTry) async -> FlagReading {
        switch await entry(work, attempt) {
        case .failure(let failure): .unreadable(failure.text)
        case .success(nil): .absent("etcd has no key '\(work.flag)'")
        case .success(let entry?): .value(entry.value, isWhole: true, shown: "etcd's \(work.flag)")
        }
    }

    func set(_ work: FlagWork, _ attempt: FlagTry) async -> StepAnswer {
        for _ in 0..<EtcdFlag.conflictLimit {
            let entry: Entry
            switch await self.entry(work, attempt) {
            case .failure(let failure): return .failed(failure.text)
            case .success(nil): return .refused("etcd has no key '\(work.flag)'; write it once by hand")
            case .success(let found?): entry = found
            }
            let request = put(work, over: entry)
            let result = await attempt.change(request)
            guard case .success(var response) = result, response.status == 200 else {
                return attempt.answer(result, to: request)
            }
            let document = try? JSONSerialization.jsonObject(with: Data(response.takeBody())) as? [String: Any]
            // A comparison that failed is an answer 200 without the field.
            if document?["succeeded"] as? Bool == true { return .done("etcd has \(work.flag) = \(work.variant)") }
        }
        return .failed("others keep changing the key '\(work.flag)'")
    }

    private struct Entry {
        let value: String
        let revision: String
    }

    private func entry(_ work: FlagWork, _ attempt: FlagTry) async -> Result<Entry?, AnswerFailure> {
        let request = request(work, "/v3/kv/range", ["key": Self.encoded(work.flag)])
        return await attempt.document(request).map { document in
            guard let found = (document["kvs"] as? [[String: Any]])?.first,
                let revision = found["mod_revision"] as? String
            else { return nil }
            let data = (found["value"] as? String).flatMap { Data(base64Encoded: $0) } ?? Data()
            return Entry(value: String(decoding: data, as: UTF8.self), revision: revision)
        }
    }

    private func put(_ work: FlagWork, over entry: Entry) -> StepRequest {
        let key = Self.encoded(work.flag)
        return request(
            work, "/v3/kv/txn",
            [
                "compare": [["target": "MOD", "result": "EQUAL", "key": key, "mod_revision": entry.revision]],
                "success": [["request_put": ["key": key, "value": Self.encoded(work.variant)]]],
            ])
    }

    private func request(_ work: FlagWork, _ path: String, _ body: [String: Any]) -> StepRequest {
        StepRequest(
            method: "POST", url: (work.url ?? "") + path, body: FlagText.json(body), security: work.security)
    }

    private static func encoded(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}

import Foundation
import NIOHTTP1

@testable import ReferenceRouter

/// What must hold for every request to the gray router's admin API. An input is four lines and a body: the method, If-Match,
/// Idempotency-Key, Authorization (an empty line is a header that is not there), then the rest.
struct AdminProperties {
    private static let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "rollguard-admin-fuzz-\(ProcessInfo.processInfo.processIdentifier)-\(UUID().uuidString)")

    private let open: AdminAPI
    private let guarded: AdminAPI

    init() throws {
        try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
        let token = Self.folder.appendingPathComponent("token").path
        try "hunter2\n".write(toFile: token, atomically: true, encoding: .utf8)
        open = try Self.api(token: nil)
        guarded = try Self.api(token: AdminToken(path: token))
    }

    private static func api(token: AdminToken?) throws -> AdminAPI {
        AdminAPI(
            store: try SplitStore(
                path: folder.appendingPathComponent("\(UUID().uuidString).json").path,
                initialCanaryBasisPoints: 1_000),
            metrics: RouterMetrics(), baseline: BackendGroup(["127.0.0.1:1"]), token: token)
    }

    /// Removes what was written; nothing can be checked after it.
    static func tearDown() { try? FileManager.default.removeItem(at: folder) }

    func broken(by input: [UInt8]) -> String? {
        guard let request = Self.request(input) else { return nil }
        return unguarded(request) ?? barred(request)
    }

    private static func request(_ input: [UInt8]) -> AdminRequest? {
        let parts = input.split(separator: 0x0A, maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5 else { return nil }
        // As a header's value comes off the wire: without blanks around it.
        let lines = parts.dropLast().map {
            String(decoding: $0, as: UTF8.self).trimmingCharacters(in: CharacterSet(charactersIn: " \t\r"))
        }
        var headers = HTTPHeaders()
        for (name, value) in zip(["If-Match", "Idempotency-Key", "Authorization"], lines.dropFirst())
        where !value.isEmpty {
            headers.add(name: name, value: value)
        }
        return AdminRequest(
            method: HTTPMethod(rawValue: lines[0]), path: "/api/v1/split", headers: headers, body: Array(parts[4]))
    }

    // MARK: Without a token

    private func unguarded(_ request: AdminRequest) -> String? {
        let before = open.store.current
        let answer = open.answer(request)
        let after = open.store.current
        if let flaw = Self.ill(answer, at: after) { return flaw }
        guard request.method == .PUT else { return before == after ? nil : "\(request.method) changed the split" }
        guard answer.status == .ok else {
            return before == after ? nil : "it was refused (\(answer.status.code)) and changed the split"
        }
        if let flaw = unwanted(request, answer, before, after) { return flaw }
        // The same again: the same answer, and nothing happens.
        var plain = request
        plain.headers.remove(name: "if-match")
        let again = open.answer(plain)
        if again.status != .ok || open.store.current != after { return "the same again is not the same: \(again)" }
        return nil
    }

    /// What is in force is what the body says to another reader of JSON.
    private func unwanted(
        _ request: AdminRequest, _ answer: AdminResponse, _ before: SavedSplit, _ after: SavedSplit
    ) -> String? {
        guard let wanted = Self.basisPoints(request.body) else { return "taken, and it is no split to another reader" }
        // A key that was used before answers what it answered then.
        if request.headers.contains(name: "idempotency-key"), before == after { return nil }
        if after.canaryBasisPoints != wanted {
            return "\(wanted) was asked for, \(after.canaryBasisPoints) is in force"
        }
        let steps = after.canaryBasisPoints == before.canaryBasisPoints ? 0 : 1
        if after.revision != before.revision + steps { return "revision \(before.revision) became \(after.revision)" }
        if let condition = request.headers["if-match"].first, condition != "*",
            !condition.contains("\"\(before.revision)\"")
        {
            return "If-Match \(condition) let revision \(before.revision) be changed"
        }
        return answer.headers["ETag"] == "\"\(after.revision)\"" ? nil : "the ETag is not the revision"
    }

    private static func basisPoints(_ body: [UInt8]) -> Int? {
        let document = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        guard let document, document.count == 1 else { return nil }
        if let points = document["canary_basis_points"] as? NSNumber { return Int(exactly: points.doubleValue) }
        return (document["canary_percent"] as? NSNumber).map { Int(($0.doubleValue * 100).rounded()) }
    }

    /// Every answer is a JSON document that says what is, or why not.
    private static func ill(_ answer: AdminResponse, at split: SavedSplit) -> String? {
        guard let document = try? JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any] else {
            return "the answer is no JSON object: \(answer.body)"
        }
        if answer.status == .ok { return document["canary_basis_points"] is Int ? nil : "no split in \(answer.body)" }
        guard (400..<500).contains(answer.status.code) else { return "status \(answer.status.code)" }
        guard let error = document["error"] as? String else { return "a refusal without a reason: \(answer.body)" }
        return MessageText.flaw(in: error)
    }

    // MARK: With a token

    /// No call succeeds without the token, and no answer shows it.
    private func barred(_ request: AdminRequest) -> String? {
        let before = guarded.store.current
        let answer = guarded.answer(request)
        let said = request.headers["authorization"].first ?? ""
        let isRight = said.lowercased().hasPrefix("bearer ") && said.hasSuffix("hunter2")
        let isLetIn = answer.status != .unauthorized && answer.status != .forbidden
        if isLetIn, !isRight { return "let in with '\(said)'" }
        if !isLetIn, before != guarded.store.current { return "kept out, and changed the split" }
        return answer.body.contains("hunter2") && !isLetIn ? "the token is shown: \(answer.body)" : nil
    }
}

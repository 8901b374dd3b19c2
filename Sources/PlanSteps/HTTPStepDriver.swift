import Foundation
import Model
import Support

/// Sends requests.
struct HTTPStepDriver: Sendable {
    let calls: StepRequests

    func plan(_ work: HTTPWork) -> String {
        let auth = work.request.security.authorization == nil ? "" : " (with credentials)"
        let body = work.request.body.isEmpty ? "" : " \(work.request.body.prefix(300))"
        return StepRequests.shown(work.request) + body + auth
    }

    func run(_ work: HTTPWork, _ call: StepCall) async -> StepAnswer {
        await calls.change(work.request, key: call.key, timeoutMs: call.step.timeoutMs)
    }

    func check(_ work: HTTPWork, _ call: StepCall) async -> StepAnswer {
        guard var proof = work.proof else { return .unreadable("it has no 'prove'") }
        proof.request.security = work.request.security
        let shown = StepRequests.shown(proof.request)
        switch await calls.read(proof.request, timeoutMs: call.step.timeoutMs) {
        case .failure(let failure): return failure.answer
        case .success(let response):
            guard (200...299).contains(response.status) else {
                return .unreadable("\(shown) answered \(response.status)")
            }
            return judge(response.body, proof, shown)
        }
    }

    private func judge(_ body: [UInt8], _ proof: HTTPProof, _ shown: String) -> StepAnswer {
        if let wanted = proof.contains, !String(decoding: body, as: UTF8.self).contains(wanted) {
            return .notProved("\(shown) does not contain '\(wanted)'")
        }
        guard let pointer = proof.pointer, let wanted = proof.equals else { return .proved("\(shown) shows it") }
        guard let document = try? JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed) else {
            return .unreadable("\(shown) is not JSON")
        }
        guard let value = JSONPlace.text(in: document, at: pointer) else {
            return .notProved("\(shown) has no value at \(pointer)")
        }
        return value == wanted
            ? .proved("\(shown) has \(value) at \(pointer)")
            : .notProved("\(shown) has \(value) at \(pointer), not \(wanted)")
    }
}

/// A value of a JSON document by its pointer (RFC 6901).
enum JSONPlace {
    /// The value as text; nil where there is none, or an object or a list.
    static func text(in document: Any, at pointer: String) -> String? {
        var value = document
        for segment in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = String(segment).replacing("~1", with: "/").replacing("~0", with: "~")
            if let object = value as? [String: Any], let member = object[name] {
                value = member
            } else if let list = value as? [Any], let index = Int(name), list.indices.contains(index) {
                value = list[index]
            } else {
                return nil
            }
        }
        return scalar(value)
    }

    static func scalar(_ value: Any) -> String? {
        if let text = value as? String { return text }
        guard let number = value as? NSNumber else { return value is NSNull ? "null" : nil }
        // JSON's true and false come as numbers of the type of a Boolean.
        if String(cString: number.objCType) == "c" { return number.boolValue ? "true" : "false" }
        return number.stringValue
    }
}

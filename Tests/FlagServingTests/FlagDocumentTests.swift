import NIOCore
import Testing

@testable import FlagServing

@Suite("Documents of flags")
struct FlagDocumentTests {
    @Test(arguments: [
        ("{", "it is not JSON"), ("[]", "no object 'flags'"), (#"{"flags":[]}"#, "no object 'flags'"),
        (#"{"flags":{"a":1}}"#, "'a' has no object 'variants'"),
        (#"{"flags":{"a":{"variants":{"on":true},"defaultVariant":"of"}}}"#, "no variant 'of'"),
        (#"{"flags":{"a":{"variants":{"on":true},"state":"off"}}}"#, "neither ENABLED nor DISABLED"),
        (#"{"flags":{"a":{"variants":{"on":true},"defaultVariant":"on"}}}"#, "but missing"),
    ])
    func whatApplicationsCannotUseIsRefused(_ text: String, _ reason: String) {
        do throws(FlagDocument.Refusal) {
            _ = try FlagDocument(Array(text.utf8))
            Issue.record("\(text) was taken")
        } catch { #expect(error.reason.contains(reason), "\(error.reason)") }
    }

    @Test func changesAreNamed() throws {
        let old = try document(FlagWorld.document("on", more: #","targeting":{"if":[true,"on"]}"#))
        let new = try document(FlagWorld.document("off"))
        #expect(new.changes(since: old) == ["new-checkout: on and targeting -> off"])
        #expect(new.changes(since: new).isEmpty && new.changes(since: nil).isEmpty)
        #expect(try document(#"{"flags":{}}"#).changes(since: new) == ["new-checkout: off -> removed"])
        #expect(new.revision != old.revision && new.revision.count == 16)
    }

    @Test(arguments: [
        ("new-checkout", "off", "", 200, #""value":false,"variant":"off","reason":"STATIC""#),
        ("new-checkout", "on", #","targeting":{"if":[true,"on"]}"#, 400, "GENERAL"),
        ("new-checkout", "on", #","state":"DISABLED""#, 404, "FLAG_NOT_FOUND"),
        ("other", "on", "", 404, "FLAG_NOT_FOUND"),
    ])
    func aFlagWithoutTargetingIsEvaluated(
        _ key: String, _ variant: String, _ more: String, _ status: Int, _ part: String
    ) throws {
        let text = FlagWorld.document(variant, more: more).replacing(
            more.contains("DISABLED") ? #""state":"ENABLED","# : "\u{0}", with: "")
        let answer = FlagAnswers.answer(
            method: .POST, uri: FlagAnswers.evaluation + key, knownRevisions: [], document: try document(text))
        #expect(Int(answer.status.code) == status)
        #expect(answer.body.map { String(buffer: $0) }?.contains(part) == true, "\(answer)")
    }

    /// protobuf.dev, encoding: 300 is `AC 02`.
    @Test(arguments: [(0, [0]), (127, [127]), (128, [0x80, 1]), (300, [0xAC, 2]), (1 << 21, [0x80, 0x80, 0x80, 1])])
    func lengthsAreVarints(_ value: Int, _ bytes: [UInt8]) { #expect(SyncMessage.varint(value) == bytes) }

    private func document(_ text: String) throws -> FlagDocument { try FlagDocument(Array(text.utf8)) }
}

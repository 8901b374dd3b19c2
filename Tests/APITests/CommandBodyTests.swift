import Testing

@testable import API

struct CommandBodyTests {
    private let known = ["reason", "to", "by"]

    @Test func fieldsAreReadAndTrimmed() throws {
        let body = try CommandBody(
            Array(#" {"reason": "  bad\n deploy\u0007 ", "by": "ann", "to": null} "#.utf8), known: known)
        #expect(try body.required("reason") == "bad deploy")
        #expect(body.optional("by") == "ann")
        #expect(body.optional("to") == nil)
    }

    @Test(arguments: [
        ("", "the body is empty"), ("  \n", "the body is empty"), ("reason=x", "not a JSON object"),
        ("[]", "not a JSON object"), ("{\"reason\":", "not a JSON object"), ("null", "not a JSON object"),
        ("\"x\"", "not a JSON object"), (#"{"reason": 5}"#, "\"reason\" must be a text"),
        (#"{"reason": ["x"]}"#, "\"reason\" must be a text"), (#"{"reason": {}}"#, "\"reason\" must be a text"),
        (#"{"reason": ""}"#, "\"reason\" is empty"), (#"{"reason": " \n\t"}"#, "\"reason\" is empty"),
        (#"{"reason": null}"#, "\"reason\" is missing"), ("{}", "\"reason\" is missing"),
        (#"{"reason": "x", "too": "v1"}"#, #"unknown field "too"; this call takes "reason", "to", "by""#),
        (#"{"reason": "x", "to": ""}"#, "\"to\" is empty"),
    ])
    func errorsAreNamed(text: String, expected: String) {
        #expect(message(text).contains(expected), "\(message(text))")
    }

    @Test func textsHaveALimit() {
        let long = String(repeating: "x", count: CommandBody.textLimit)
        #expect(message("{\"reason\": \"\(long)\"}") == "none")
        #expect(message("{\"reason\": \"\(long)x\"}") == "\"reason\" has more than 1000 characters")
    }

    @Test func bytesThatAreNoTextAreAnError() {
        #expect(throws: CommandBody.Invalid.self) { try CommandBody([0xFF, 0xFE, 0x7B], known: ["reason"]) }
    }

    @Test func deepNestingIsAnErrorAndNoCrash() {
        let deep = String(repeating: "[", count: 60_000)
        #expect(message("{\"reason\": \(deep)").contains("not a JSON object"))
    }

    private func message(_ text: String) -> String {
        do throws(CommandBody.Invalid) {
            _ = try CommandBody(Array(text.utf8), known: known).required("reason")
            return "none"
        } catch { return error.description }
    }
}

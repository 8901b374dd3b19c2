import Testing

@testable import Routers

struct JSONTests {
    @Test(arguments: [
        "null", "true", "[1,-0.5,1e+20,12345678901234567890]", #"{"a":{"b":[]},"c":""}"#, #""\"\\\n\u0001é😀""#,
    ])
    func whatIsReadIsWrittenTheSame(text: String) throws {
        #expect(try JSONParser.parse(text).encoded == text)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", ".5", "-", "+1", "1e", "1e999", "tru", "\"\\x\"",
        "\"\\u12\"",
        "\"a", "\"\n\"", "[1] 2", "NaN", String(repeating: "[", count: 100_000),
    ])
    func whatIsNoJSONIsRefused(text: String) {
        #expect(throws: JSONParser.Malformed.self) { try JSONParser.parse(text) }
    }

    @Test(arguments: [
        (#""A\u00e9\ud83d\ude00\/\b""#, "Aé😀/\u{8}"), (#""\ud83d""#, "\u{FFFD}"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
        (#""\ude00x""#, "\u{FFFD}x"), ("\u{FEFF}\"a\"", "a"),
    ])
    func escapesAreRead(text: String, value: String) throws {
        #expect(try JSONParser.parse(text) == .text(value))
    }

    /// The examples of RFC 6901, section 5.
    @Test(
        arguments: [
            ("/foo", #"["bar","baz"]"#), ("/foo/0", "\"bar\""), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"), ("/i\\j", "5"), ("/k\"l", "6"), ("/ ", "7"), ("/m~0n", "8"),
            ("/foo/2", nil), ("/foo/-", nil), ("/foo/00", nil), ("/foo/0/x", nil), ("/none", nil),
            ("/foo/99999999999999999999", nil),
        ] as [(String, String?)])
    func aPointerFindsItsPlace(pointer: String, found: String?) throws {
        let text = #"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#
        let document = try JSONParser.parse(text)
        #expect(try JSONPointer(pointer).find(in: document)?.encoded == found)
        #expect(try JSONPointer("").find(in: document) == document)
    }

    @Test(arguments: ["a", "/~", "/~2", "#/a"])
    func whatIsNoPointerIsRefused(text: String) {
        #expect(throws: RouterPlanError.self) { try JSONPointer(text) }
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("100", "MTAw")])
    func base64IsThatOfTheRFC(plain: String, encoded: String) throws {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64.decode(encoded.filter { $0 != "=" }) == Array(plain.utf8))
    }

    @Test(
        arguments: [
            ("number", "\"10\"", "10"), ("int", "10.0", "10"), ("int", "10.5", nil), ("number", "\"ten\"", nil),
            ("unbase64", "\"MTAw\"", "\"100\""), ("unbase64", "\"%%%\"", nil), ("unbase64", "\"/w==\"", nil),
            ("fromjson", #""{\"a\":1}""#, #"{"a":1}"#), ("fromjson", "\"{\"", nil), ("json", "\"a\"", #""\"a\"""#),
            ("text", "7", "\"7\""), ("trim", "\" a \\n\"", "\"a\""), ("url", "\"a b/é\"", "\"a%20b%2F%C3%A9\""),
            ("b64", "100", "\"MTAw\""),
        ] as [(String, String, String?)])
    func aFilterTurnsAValueIntoAnother(name: String, value: String, result: String?) throws {
        let filter = try Filter(name)
        let found = try? filter.apply(JSONParser.parse(value))
        #expect(found?.encoded == result)
    }

    @Test(arguments: ["", "upper", "B64", "int,json"])
    func whatIsNoFilterIsRefused(name: String) {
        #expect(throws: RouterPlanError.self) { try Filter(name) }
    }

    @Test func numbersStayAsTheyWereWritten() throws {
        let big = try JSONParser.parse("9007199254740993")
        #expect(big != .number(9_007_199_254_740_992))
        #expect(big.plainText == "9007199254740993")
        #expect(try JSONParser.parse("1e2") == .number(100))
    }
}

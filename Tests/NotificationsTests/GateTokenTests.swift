import Testing

@testable import Notifications

@Suite("One-time tokens of gates")
struct GateTokenTests {
    private static let key = [UInt8](0..<32)

    @Test("A token belongs to its question, its journal and its key")
    func bound() {
        let token = GateToken.make(gate: "shop-r42-2-smoke-1", journal: "3f9a", key: Self.key)
        #expect(token.count == 64)
        func isValid(_ token: String, _ gate: String, _ journal: String, _ key: [UInt8]) -> Bool {
            GateToken.isValid(token, gate: gate, journal: journal, key: key)
        }
        #expect(isValid(token, "shop-r42-2-smoke-1", "3f9a", Self.key))
        #expect(isValid(token.uppercased(), "shop-r42-2-smoke-1", "3f9a", Self.key))
        #expect(!isValid(token, "shop-r42-2-smoke-2", "3f9a", Self.key))
        #expect(!isValid(token, "shop-r42-2-smoke-1", "3f9b", Self.key))
        #expect(!isValid(token, "shop-r42-2-smoke-1", "3f9a", [UInt8](1..<33)))
    }

    @Test(
        "What is no token is none",
        arguments: ["", "00", String(repeating: "0", count: 64), String(repeating: "ü", count: 32)])
    func others(_ text: String) {
        #expect(!GateToken.isValid(text, gate: "shop-r42-2-smoke-1", journal: "3f9a", key: Self.key))
    }

    @Test("Every changed digit makes it invalid")
    func digits() {
        let token = Array(GateToken.make(gate: "g", journal: "j", key: Self.key))
        for index in token.indices {
            var other = token
            other[index] = other[index] == "0" ? "1" : "0"
            #expect(!GateToken.isValid(String(other), gate: "g", journal: "j", key: Self.key))
        }
    }
}

import Testing

@testable import HTTPClient

@Suite("Web addresses")
struct WebAddressTests {
    @Test(
        arguments: [
            ("http://127.0.0.1:9100/metrics", true), ("http://[::1]:9100/", true), ("http://10.0.0.1", true),
            ("http://localhost:9100/", false), ("http://10.0.0.1.example/", false), ("http://a-1.internal/", false),
        ])
    func anAddressIsNoName(url: String, isNumeric: Bool) throws {
        #expect(try WebAddress(url).isNumeric == isNumeric)
    }
}

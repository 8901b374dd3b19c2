import Support
import Testing

@testable import API

struct NetworkNameTests {
    @Test(arguments: ["127.0.0.1", "127.255.1.2", "::1", "::ffff:127.0.0.1", "::FFFF:127.0.0.1"])
    func loopbackAddressesAreKnown(address: String) {
        #expect(NetworkName.isLoopback(address: address))
    }

    @Test(arguments: [
        "", "10.0.0.1", "128.0.0.1", "127.0.0", "127.0.0.1.evil.example", "127.evil.example", "::2", "::ffff:10.0.0.1",
        "::127.0.0.1", "localhost", "0.0.0.0", "127.0.0.256",
    ])
    func otherAddressesAreNotLoopback(address: String) {
        #expect(!NetworkName.isLoopback(address: address))
    }

    @Test(arguments: [
        ("example.org", "example.org", nil), ("Example.ORG:8080", "example.org", 8_080), ("[::1]", "::1", nil),
        ("[::1]:9411", "::1", 9_411), ("127.0.0.1:1", "127.0.0.1", 1), ("a_b-c.d", "a_b-c.d", nil),
    ])
    func authoritiesAreTakenApart(text: String, host: String, port: Int?) {
        let authority = Authority(text)
        #expect(authority?.host == host)
        #expect(authority?.port == port)
    }

    @Test(arguments: [
        "", ":80", "a:", "a:b", "a:70000", "a:123456", "::1", "[::1", "[evil]", "[::1]x", "[::1]:", "user@host", "a b",
        "a/b", "a,b", "ä", "a:80:80",
    ])
    func otherTextsAreNoAuthorities(text: String) {
        #expect(Authority(text) == nil)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.1", false), ("0177.0.0.1", false), ("1.2.3.4.5", false), ("256.1.1.1", false),
    ])
    func onlyTheFullDecimalFormIsAnAddress(text: String, isAddress: Bool) {
        #expect(Authority(text)?.isAddress == isAddress)
    }

    @Test(arguments: [
        ("", "secret", false), ("secret", "secret", true), ("secreT", "secret", false),
        ("secretsecret", "secret", false),
        ("secre", "secret", false), ("", "", false), ("x", "", false),
    ])
    func secretsAreComparedWhole(presented: String, secret: String, isEqual: Bool) {
        #expect(ConstantTime.equal(presented: presented, secret: secret) == isEqual)
    }
}

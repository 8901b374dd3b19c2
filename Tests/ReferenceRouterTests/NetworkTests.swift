import Testing

@testable import ReferenceRouter

struct NetworkTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false),
        ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3", "10.1.2.4", false), ("10.1.2.3/16", "10.1.9.9", true),
        ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "::1", false), ("::/0", "::1", true),
        ("::/0", "10.0.0.1", false), ("2001:db8::/33", "2001:db8:8000::1", false),
        ("2001:db8::/33", "2001:db8:7fff::1", true), ("10.0.0.0/8", "::ffff:10.1.1.1", true), ("::1", "::1", true),
    ])
    func networksContainTheirAddresses(network: String, address: String, isInside: Bool) throws {
        let table = NetworkTable([try #require(Network(network))])
        #expect(table.contains(try #require(NetworkAddress(address))) == isInside)
    }

    @Test(arguments: [
        "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0/8", "10.0.0.256", "::/129", ":::",
        "example.com", "10.0.0.0/08x", "::ffff:10.0.0.0/104", " 10.0.0.0/8", "10.0.0.0/٨",
    ])
    func whatIsNoNetworkIsRefused(text: String) {
        #expect(Network(text) == nil)
    }

    private static let clients: [(String, [String], String)] = [
        ("203.0.113.9", ["198.51.100.7"], "203.0.113.9"),
        ("10.0.0.2", [], "10.0.0.2"),
        ("10.0.0.2", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.2", ["1.1.1.1, 198.51.100.7, 10.0.0.3"], "198.51.100.7"),
        ("10.0.0.2", ["1.1.1.1", "198.51.100.7", "10.0.0.3"], "198.51.100.7"),
        ("10.0.0.2", ["10.0.0.9, 10.0.0.3"], "10.0.0.9"),
        ("10.0.0.2", ["198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.2", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.2", ["1.1.1.1, unknown, 10.0.0.3"], "10.0.0.3"),
        ("10.0.0.2", ["unknown"], "10.0.0.2"),
        ("::ffff:10.0.0.2", ["198.51.100.7"], "198.51.100.7"),
    ]

    @Test(arguments: clients)
    func theClientIsTheRightMostHopThatIsNotOurs(peer: String, forwardedFor: [String], client: String) throws {
        let finder = ClientAddress(trusted: NetworkTable([try #require(Network("10.0.0.0/8"))]))
        #expect(finder.find(peer: NetworkAddress(peer), forwardedFor: forwardedFor) == NetworkAddress(client))
    }

    @Test(arguments: [
        ("a:1", "a", 1), ("10.0.0.1:65535", "10.0.0.1", 65_535), ("[::1]:80", "::1", 80),
        ("localhost:0", "localhost", 0),
    ])
    func addressesAreRead(text: String, host: String, port: Int) throws {
        let address = try #require(HostAndPort(text))
        #expect(address.host == host)
        #expect(address.port == port)
    }

    @Test(arguments: [
        "", ":", "a", "a:", ":80", "a:65536", "a:-1", "::1:80", "[::1:80", "[x]:80", "a b:80", "a/b:80", "a:٨",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(HostAndPort(text) == nil)
    }
}

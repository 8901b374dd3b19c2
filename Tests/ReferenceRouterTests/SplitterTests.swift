import NIOHTTP1
import Testing

@testable import ReferenceRouter

struct SplitterTests {
    private static let users = (0..<20_000).map { "user-\($0)" }
    private let byUser = TrafficSplitter(.userHash(header: "X-User-Id", cookie: "uid"))

    private func version(
        _ headers: [(String, String)] = [], client: String? = nil, at basisPoints: Int, _ splitter: TrafficSplitter
    ) -> Version {
        splitter.version(
            headers: HTTPHeaders(headers), client: client.flatMap { NetworkAddress($0) }, canaryBasisPoints: basisPoints
        )
    }

    private func canaryUsers(at basisPoints: Int) -> Set<String> {
        Set(Self.users.filter { version([("X-User-Id", $0)], at: basisPoints, byUser) == .canary })
    }

    @Test func aGreaterShareTakesTheCanaryFromNoUser() {
        var before: Set<String> = []
        for basisPoints in [0, 1, 500, 1_000, 3_000, 9_999, 10_000] {
            let now = canaryUsers(at: basisPoints)
            #expect(now.isSuperset(of: before), "at \(basisPoints)")
            before = now
        }
        #expect(before.count == Self.users.count)
    }

    @Test func zeroTakesTheCanaryFromEverybody() {
        #expect(canaryUsers(at: 0).isEmpty)
    }

    @Test(arguments: [100, 1_000, 3_000, 5_000, 9_000])
    func theShareOfUsersIsTheSplit(basisPoints: Int) {
        let expected = Double(Self.users.count * basisPoints) / 10_000
        let deviation = (expected * (1 - Double(basisPoints) / 10_000)).squareRoot()
        let found = Double(canaryUsers(at: basisPoints).count)
        // The hash is fixed, so this either always holds or never; five standard deviations would be a bad hash.
        #expect(abs(found - expected) < 5 * deviation, "\(found) users instead of \(expected)")
    }

    /// The place of a user is a promise to every other program and release: `printf 'user-1' | sha256sum`.
    @Test(arguments: [("user-1", 2_594), ("", 1_652), ("Zoë", 6_048)])
    func bucketsAreFixed(user: String, bucket: Int) {
        #expect(Bucket.of(user: user) == bucket)
    }

    @Test func theCookieIsAskedWhenThereIsNoHeader() {
        for user in Self.users.prefix(200) {
            let byHeader = version([("X-User-Id", user)], at: 5_000, byUser)
            for cookie in ["uid=\(user)", "a=b; uid=\(user); c=d", "uid=\"\(user)\"", "xuid=no; uid=\(user)"] {
                #expect(version([("Cookie", cookie)], at: 5_000, byUser) == byHeader, "\(cookie)")
            }
            #expect(version([("X-User-Id", user), ("Cookie", "uid=other")], at: 5_000, byUser) == byHeader)
        }
    }

    @Test func aRequestWithoutAUserGoesByItsAddress() {
        let addresses = (0..<2_000).map { "10.0.\($0 / 250).\($0 % 250)" }
        let first = addresses.map { version(client: $0, at: 3_000, byUser) }
        #expect(first == addresses.map { version([("Cookie", "uid=")], client: $0, at: 3_000, byUser) })
        let canaries = first.count { $0 == .canary }
        #expect((450...750).contains(canaries))
    }

    @Test func onlyListedRegionsGetTheCanary() {
        let splitter = TrafficSplitter(.region(networks: ["10.1.0.0/16", "2001:db8::/32"]))
        #expect(version(client: "10.1.2.3", at: 10_000, splitter) == .canary)
        #expect(version(client: "2001:db8::7", at: 10_000, splitter) == .canary)
        #expect(version(client: "10.2.2.3", at: 10_000, splitter) == .baseline)
        #expect(version(client: "2001:db9::7", at: 10_000, splitter) == .baseline)
        #expect(version(client: nil, at: 10_000, splitter) == .baseline)
        #expect(version(client: "10.1.2.3", at: 0, splitter) == .baseline)
        let inside = (0..<5_000).map { version(client: "10.1.\($0 / 250).\($0 % 250)", at: 2_000, splitter) }
        #expect((800...1_200).contains(inside.count { $0 == .canary }))
    }

    @Test func randomIgnoresTheUser() {
        let splitter = TrafficSplitter(.random)
        let drawn = (0..<10_000).map { _ in version([("X-User-Id", "one")], at: 5_000, splitter) }
        #expect((4_500...5_500).contains(drawn.count { $0 == .canary }))
        #expect(!(0..<1_000).contains { _ in version(at: 0, splitter) == .canary })
        #expect(!(0..<1_000).contains { _ in version(at: 10_000, splitter) == .baseline })
    }
}

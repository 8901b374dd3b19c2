import ConfigurationFiles
import Model
import Testing

/// `groups` of a configuration: releases that go back together.
struct GroupReadingTests {
    /// The sample with further releases and these groups.
    private static func configuration(_ groups: String) -> String {
        let release = Sample.configuration.split(separator: "releases:\n", maxSplits: 1)[1]
        let others = ["cart", "payment"].map { release.replacing("checkout", with: $0) }.joined()
        return Sample.configuration + others + "groups:\n" + groups
    }

    private static func load(_ groups: String) -> Rulebook.Result { Sample.load(configuration(groups)) }

    private static func errors(_ groups: String) -> [String] {
        let line = configuration("").split(separator: "\n", omittingEmptySubsequences: false).count
        return Sample.errors(load(groups)).map { error in
            error.replacing("rollguard.yaml:\(line):", with: "1:").replacing("rollguard.yaml:\(line + 1):", with: "2:")
        }
    }

    @Test func aGroupIsRead() throws {
        let result = Self.load(
            """
              - {name: shop, releases: [checkout, cart], on_refusal: hold}
              - name: money
                together: all
                releases:
                  - payment
                  - {name: payment, daemon: "https://eu.example:9464/", auth: {bearer_file: eu.token}, tls: {ca_file: ca.pem}}

            """)
        #expect(Sample.errors(result) == [])
        let plan = try #require(result.plan)
        var security = ClientSecurity(authorization: .bearer(.file("/etc/rollguard/eu.token")))
        security.caFile = "/etc/rollguard/ca.pem"
        #expect(
            plan.groups == [
                GroupPlan(
                    name: "shop", members: [GroupMember(release: "checkout"), GroupMember(release: "cart")],
                    onRefusal: .hold),
                GroupPlan(
                    name: "money",
                    members: [
                        GroupMember(release: "payment"),
                        GroupMember(
                            release: "payment", daemon: PeerDaemon(url: "https://eu.example:9464", security: security)),
                    ]),
            ])
        #expect(plan.group(of: "cart")?.name == "shop")
        #expect(
            plan.group(of: "payment")?.companions(of: "payment").map(\.companion.text) == ["payment at eu.example:9464"]
        )
    }

    @Test func theEffectiveConfigurationIsReadAsTheSame() throws {
        let plan = try #require(
            Self.load(
                "  - {name: shop, releases: [checkout, {name: cart, daemon: 'http://127.0.0.1:9', auth: {bearer_env: T}}]}\n"
            ).plan)
        let text = Rulebook.effectiveYAML(of: plan, kinds: Sample.kinds)
        let again = Rulebook.load(
            configuration: Sample.path, files: MemoryFiles([Sample.path: text]))
        #expect(Sample.errors(again) == [])
        #expect(again.plan?.groups == plan.groups)
    }

    @Test(arguments: [
        (
            "  - {name: shop, releases: [checkout, crat]}\n",
            "1:39: error: there is no release \"crat\"; did you mean 'cart'?"
        ),
        (
            "  - {name: shop, releases: [checkout]}\n",
            "1:28: error: a group needs two releases at least; one goes back alone without a group"
        ),
        (
            "  - {name: shop, releases: [checkout, cart, checkout]}\n",
            "1:45: error: release \"checkout\" is in this group already"
        ),
        (
            "  - {name: shop, releases: [checkout, cart]}\n  - {name: two, releases: [payment, cart]}\n",
            "2:37: error: release \"cart\" is in group \"shop\" already; it can be in one"
        ),
        (
            "  - {name: shop, releases: [{name: a, daemon: 'http://a'}, {name: b, daemon: 'http://b'}]}\n",
            "1:28: error: every release of the group is on another daemon; name those of this one, without 'daemon'"
        ),
        (
            "  - {name: shop, releases: [checkout, {name: cart, auth: {bearer_env: T}}]}\n",
            "1:39: error: 'auth' and 'tls' of a member need 'daemon'"
        ),
        (
            "  - {name: shop, releases: [checkout, cart], on_refusal: wait}\n",
            "1:58: error: 'on_refusal' must be 'go_without' or 'hold', got 'wait'"
        ),
        (
            "  - {name: shop, releases: [checkout, cart]}\n  - {name: shop, releases: [payment, {name: x, daemon: 'http://a'}]}\n",
            "2:12: error: group \"shop\" is already in line"
        ),
    ])
    func whatCannotBeUsedIsSaidWithItsPlace(_ groups: String, _ message: String) throws {
        let errors = Self.errors(groups)
        #expect(errors.count == 1, "\(errors)")
        let first = try #require(errors.first)
        #expect(first.hasPrefix(message), "\(first)")
    }

    @Test func aReleaseWithPartsIsInNoGroup() {
        func part(_ name: String, _ host: String) -> String {
            """
                  \(name):
                    places: {blue: {targets: ["\(host):1"]}, green: {targets: ["\(host):2"]}}
                    start: {blue: v1}
                    indicators: {requests: requests_total, errors: errors_total}
                    router: {kind: gray, instances: ["http://\(host):9412"]}
                    rules: ["rules/*.yaml"]

            """
        }
        let text =
            "state: /var/lib/rollguard\nreleases:\n  - name: shop\n    parts:\n" + part("api", "10.0.0.1")
            + part("web", "10.0.0.2") + "    steps: {list: [50%, 100%], every: {min: 1m}}\n"
        #expect(Sample.errors(Sample.load(text)) == [])
        let errors = Sample.errors(Sample.load(text + "groups: [{name: g, releases: [shop.api, shop.web]}]\n"))
        #expect(errors.count == 2 && errors.allSatisfy { $0.contains("'parts', which go up and back together") })
    }
}

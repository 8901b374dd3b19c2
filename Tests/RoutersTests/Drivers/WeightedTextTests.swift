import Foundation
import Model
import Testing

@testable import Routers

/// Only the numbers change; all other text stays as it was.
struct WeightedTextTests {
    private static let pools = PoolPair(baseline: "old", canary: "new")
    private let rollback = WeightPair(.allBaseline, total: 100)

    private func set(_ text: String, _ place: WeightedText.Place = .weightedService("shop")) throws -> String {
        try WeightedText(text, place: place).setting(rollback, Self.pools)
    }

    private func complaint(_ text: String, _ place: WeightedText.Place = .weightedService("shop")) -> String? {
        do throws(Refusal) {
            _ = try WeightedText(text, place: place).setting(rollback, Self.pools)
            return nil
        } catch {
            return error.detail
        }
    }

    @Test func commentsOrderAndQuotesStay() throws {
        let text = """
            # the shop, by Ü. & friends
            http:
              services:
                shop: # weighted
                  weighted:
                    services:
                      - name: "new"   # v2
                        weight: 10
                      - {weight: 90, name: old}
                      - name: 'third'
                        weight: 0x0
                  # end
                new: {loadBalancer: {servers: [{url: "http://a"}]}}

            """
        let expected = text.replacing("weight: 10", with: "weight: 0").replacing("weight: 90", with: "weight: 100")
            .replacing("0x0", with: "7")
        #expect(try set(text.replacing("0x0", with: "7")) == expected)
        #expect(try WeightedText(expected, place: .weightedService("shop")).share(Self.pools) == 0)
    }

    @Test(arguments: ["\r\n", "\r", "\n", "\u{2028}", "\u{85}"])
    func lineEndsStay(end: String) throws {
        let lines = [
            "http:", "  services:", "    shop:", "      weighted:", "        services:", "        - name: old",
            "          weight: 90", "        - name: new", "          weight: 10", "",
        ]
        let wanted = lines.map { $0.replacing("90", with: "100").replacing("10", with: "0") }
            .map { $0 == "          weight: 00" ? "          weight: 100" : $0 }
        #expect(try set(lines.joined(separator: end)) == wanted.joined(separator: end))
    }

    @Test func jsonIsYAMLToo() throws {
        let text =
            #"{"http":{"services":{"shop":{"weighted":{"services":[{"name":"old","weight":90},{"name":"new","weight":10}]}}}}}"#
        #expect(
            try set(text) == text.replacing(":90", with: ":100").replacing("\"weight\":10}", with: "\"weight\":0}"))
    }

    @Test func everyWeightedClusterWithBothPoolsIsSet() throws {
        func table(_ first: String, _ second: String) -> String {
            """
            resources:
            - "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
              name: app
              virtual_hosts:
              - name: vh
                routes:
                - {match: {prefix: /a}, route: {weighted_clusters: {clusters: [{name: old, weight: \(first)}]}}}
                - match: {prefix: /}
                  route: {weighted_clusters: {clusters: [\(second)]}}
                - {match: {prefix: /x}, route: {weighted_clusters: {clusters: [{name: o, weight: 1}, {name: new, weight: 2}]}}}
            """
        }
        let both = "90}, {name: new, weight: 10"
        let set = try set(
            table(both, "{name: new, weight: 50}, {name: old, weight: 50}"), .weightedClusters)
        #expect(set == table("100}, {name: new, weight: 0", "{name: new, weight: 0}, {name: old, weight: 100}"))
        let text = try WeightedText(
            table(both, "{name: new, weight: 50}, {name: old, weight: 50}"), place: .weightedClusters)
        #expect(try text.share(Self.pools) == 5_000)
    }

    @Test(
        arguments: [
            ("", "empty"), ("a: [", "not valid YAML"), ("http: {services: {}}", "no http.services.shop"),
            ("http: {services: {shpo: {}}}", "there are shpo"),
            ("http: {services: {shop: {loadBalancer: {}}}}", "no weighted service"),
            ("http: {services: {shop: {weighted: {services: 3}}}}", "is no list"),
            ("http: {services: {shop: {weighted: {services: [{weight: 1}]}}}}", "has no name"),
            ("http: {services: {shop: {weighted: {services: [{name: old}]}}}}", "has no weight"),
            ("http: {services: {shop: {weighted: {services: [{name: old, weight: '1'}]}}}}", "without quotes"),
            ("http: {services: {shop: {weighted: {services: [{name: old, weight: -1}]}}}}", "no whole number"),
            (
                "http: {services: {shop: {weighted: {services: [{name: old, weight: 1}, {name: old, weight: 2}]}}}}",
                "twice"
            ),
            (
                "http: {services: {shop: {weighted: {services: [{name: old, weight: 1}, {name: nwe, weight: 2}]}}}}",
                "there are nwe, old"
            ),
        ] as [(String, String)])
    func whatCannotBeSetIsSaid(text: String, excerpt: String) {
        let found = complaint(text)
        #expect(found?.contains(excerpt) == true, "\(found ?? "taken")")
    }

    /// An error in another route must not keep a bad version in.
    @Test func listsOfOtherClustersMayBeAsTheyLike() throws {
        let text = """
            - {route: {weighted_clusters: {clusters: [{name: a}, {name: b, weight: '1'}]}}}
            - {route: {weighted_clusters: {clusters: [{name: old, weight: 90}, {name: new, weight: 10}]}}}
            """
        #expect(try set(text, .weightedClusters).contains("{name: new, weight: 0}"))
        let own = text.replacing("{name: a}", with: "{name: new}")
        #expect(complaint(own, .weightedClusters)?.contains("new in weighted_clusters.clusters has no weight") == true)
    }

    @Test func anAliasIsNotChangedBehindItsOwnersBack() {
        let text = """
            x: &w 10
            http:
              services:
                shop: {weighted: {services: [{name: old, weight: 90}, {name: new, weight: *w}]}}
                other: {weighted: {services: [{name: a, weight: *w}]}}
            """
        let found = complaint(text)
        #expect(found?.contains("cannot be changed in place") == true, "\(found ?? "taken")")
    }

    @Test func allWeightsZeroIsNoSplit() throws {
        let text = "http: {services: {shop: {weighted: {services: [{name: old, weight: 0}, {name: new, weight: 0}]}}}}"
        #expect(throws: Refusal.self) { try WeightedText(text, place: .weightedService("shop")).share(Self.pools) }
    }

    @Test func theFileIsReplacedAsAWholeWithItsRightsAndThroughALink() async throws {
        try await TemporaryFolder.with { folder in
            let text =
                "http: {services: {shop: {weighted: {services: [{name: old, weight: 90}, {name: new, weight: 10}]}}}}"
            try TemporaryFolder.write(text, to: folder + "/real.yaml")
            #expect(chmod(folder + "/real.yaml", 0o640) == 0 && symlink("real.yaml", folder + "/link.yaml") == 0)
            let file = try WeightedFile(
                path: folder + "/link.yaml", place: .weightedService("shop"), pools: Self.pools)
            #expect(try await file.share() == 1_000)
            try await file.set(rollback)
            #expect(try await file.share() == 0)
            #expect(try TemporaryFolder.read(folder + "/real.yaml").contains("{name: new, weight: 0}"))
            var status = stat()
            #expect(lstat(folder + "/link.yaml", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
            #expect(stat(folder + "/real.yaml", &status) == 0 && status.st_mode & 0o777 == 0o640)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
        }
    }

    @Test func aFolderOrAMissingFileIsARefusalThatNamesIt() async throws {
        for path in ["/", "/nowhere/at/all.yaml"] {
            let file = try WeightedFile(path: path, place: .weightedClusters, pools: Self.pools)
            await #expect(throws: Refusal.self) { try await file.set(rollback) }
        }
    }
}

import ConfigurationFiles
import Foundation
import Model
import Testing

/// `share_from` of a release.
struct ShareSourceTests {
    private static let centre = "centre: {kind: etcd, endpoints: [\"http://127.0.0.1:2379\"]}\n"
    private static let haproxy =
        "router: {kind: haproxy, socket: /run/haproxy.sock, backend: checkout, servers: {baseline: [a], canary: [b]}}"

    private static func load(
        _ field: String = "share_from: centre", router: String = haproxy, centre: String = centre
    ) -> Rulebook.Result {
        let router = "    \(router)\n    \(field)\n    rules: [\"rules/*.yaml\"]\n"
        let parts = Sample.configuration.components(separatedBy: "    router:")
        let text = centre + parts[0] + router
        return Rulebook.load(
            configuration: Sample.path, files: MemoryFiles([Sample.path: text, Sample.rulePath: Sample.rules]),
            kinds: Sample.kinds)
    }

    @Test func isReadAndWritten() throws {
        let plan = try #require(Self.load().plan)
        #expect(plan.releases[0].shareFrom == .centre)
        #expect(try #require(Self.load("").plan).releases[0].shareFrom == nil)
    }

    @Test(arguments: [
        ("share_from: centre", haproxy, "", "has 'share_from: centre', and there is no 'centre'"),
        (
            "share_from: centre", "router: {kind: etcd, endpoints: [\"http://127.0.0.1:2379\"], key: a}", centre,
            "a router of kind 'etcd' has its share in a centre already"
        ),
        (
            "share_from: centre\n    steps: [{to: 10%}, {to: 100%}]", haproxy, centre,
            "'share_from' is for a release without 'steps'"
        ),
        (
            "share_from: centre", haproxy,
            centre + "replicas: {name: rg-1, store: {kind: etcd, endpoints: [\"http://127.0.0.1:2379\"]}}\n",
            "which does not work with 'replicas' yet; let one daemon follow the share, or use 'steps'"
        ),
        ("share_from: center", haproxy, centre, "did you mean 'centre'"),
    ])
    func isRefusedWhereItCannotWork(_ field: String, _ router: String, _ centre: String, _ text: String) {
        let errors = Self.load(field, router: router, centre: centre).errors.map { "\($0)" }
        #expect(errors.contains { $0.contains(text) }, "\(errors)")
    }
}

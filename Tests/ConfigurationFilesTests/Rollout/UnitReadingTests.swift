import ConfigurationFiles
import Model
import Testing

@Suite("Releases with parts: several services in one rollout")
struct UnitReadingTests {
    private static let unit = """
        state: /var/lib/rollguard
        releases:
          - name: shop
            parts:
              api:
                places:
                  blue: {targets: ["10.0.0.1:9090", "10.0.0.2:9090"]}
                  green: {targets: ["10.0.0.3:9090", "10.0.0.4:9090"]}
                start: {blue: v1.4.2}
                indicators: {requests: requests_total, errors: errors_total}
                router: {kind: gray, instances: ["http://127.0.0.1:9412"]}
                rules: ["rules/*.yaml"]
              web:
                places:
                  blue: {targets: ["10.0.1.1:9090", "10.0.1.2:9090"]}
                  green: {targets: ["10.0.1.3:9090", "10.0.1.4:9090"]}
                start: {blue: v1.4.2}
                indicators: {requests: requests_total, errors: errors_total}
                router: {kind: gray, instances: ["http://127.0.0.1:9413"]}
                rules:
                  - name: own
                    rules: [{alert: WebErrors, indicator: error_rate, window: 1m, when: canary > 1%}]
            order: [api, web]
            steps:
              list: [5%, 50%, 100%]
              every: {min: 1m, rules: [CanaryErrors, WebErrors]}
              at: {50%: {approval: {count: 1}}}
            bake: {for: 10m}

        """

    private func load(_ piece: String = "", to other: String = "") -> Rulebook.Result {
        Sample.load(piece.isEmpty ? Self.unit : Sample.changed(piece, to: other, in: Self.unit))
    }

    @Test("Each part is a release of its own, with the unit's steps and the rules that it has")
    func parts() throws {
        let result = load()
        #expect(Sample.errors(result) == [])
        let plan = try #require(result.plan)
        #expect(plan.releases.map(\.name) == ["shop.api", "shop.web"] && plan.units == ["shop"])
        #expect(plan.releases.compactMap(\.part?.rank) == [0, 1])
        #expect(plan.releases.compactMap(\.part?.isLead) == [true, false])
        let steps = plan.releases.compactMap(\.rollout?.steps)
        #expect(steps.map { $0.map(\.basisPoints) } == [[500, 5_000, 10_000], [500, 5_000, 10_000]])
        #expect(steps.map { $0[0].rules } == [["CanaryErrors"], ["WebErrors"]])
        #expect(steps.map { $0[1].approval != nil } == [true, false], "people are asked once")
    }

    @Test("Without an order all parts are called at once, and a list in the order is called at once")
    func ranks() throws {
        #expect(load("    order: [api, web]\n", to: "").plan?.releases.compactMap(\.part?.rank) == [0, 0])
        #expect(load("order: [api, web]", to: "order: [[web, api]]").plan?.releases.compactMap(\.part?.rank) == [0, 0])
        #expect(load("order: [api, web]", to: "order: [web, api]").plan?.releases.compactMap(\.part?.rank) == [1, 0])
    }

    @Test("The effective configuration reads back as the same plan")
    func effective() throws {
        let plan = try #require(load().plan)
        let text = Rulebook.effectiveYAML(of: plan)
        let again = Rulebook.load(
            configuration: Sample.path, files: MemoryFiles([Sample.path: text]), kinds: Sample.kinds)
        #expect(Sample.errors(again) == [])
        #expect(again.plan?.releases.map(\.part) == plan.releases.map(\.part))
        #expect(again.plan?.releases.map(\.rollout) == plan.releases.map(\.rollout))
    }

    @Test(
        "What is wrong with a unit is reported at its place",
        arguments: [
            ("order: [api, web]", "order: [api, wbe]", "'parts' has no 'wbe'; did you mean 'web'?"),
            ("order: [api, web]", "order: [api, api]", "'api' is in 'order' twice"),
            ("order: [api, web]", "order: [api]", "'order' does not name 'web'; it names every part once"),
            ("order: [api, web]", "router: {}", "unknown field 'router' in release \"shop\""),
            ("rules: [CanaryErrors, WebErrors]", "rules: [WebErorrs]", "no part has a rule 'WebErorrs'"),
            ("      web:\n", "      \"w b\":\n", "'w b' cannot name a part"),
            (
                "start: {blue: v1.4.2}", "start: {blue: v1.4.2}\n        bake: {for: 1m}",
                "'bake' in part \"api\" belongs to the release with 'parts'"
            ),
        ])
    func diagnostics(piece: String, other: String, text: String) {
        let errors = Sample.errors(load(piece, to: other))
        #expect(errors.contains { $0.contains(text) }, "\(errors)")
    }

    @Test("A unit needs steps, and two parts at least")
    func needs() {
        let steps = Self.unit.range(of: "    steps:")!
        let without = Sample.load(String(Self.unit[..<steps.lowerBound]))
        #expect(Sample.errors(without).contains { $0.contains("a release with 'parts' is led, so it needs 'steps'") })
        let web = Self.unit.range(of: "      web:")!
        let order = Self.unit.range(of: "    order:")!
        let single = Sample.load(String(Self.unit[..<web.lowerBound]) + String(Self.unit[order.lowerBound...]))
        #expect(Sample.errors(single).contains { $0.contains("'parts' needs 2 to 20 services, and has 1") })
    }
}

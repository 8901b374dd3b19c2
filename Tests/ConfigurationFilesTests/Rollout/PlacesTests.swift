import ConfigurationFiles
import Model
import Routers
import Testing

/// Where versions run: `places` and `start`.
struct PlacesTests {
    @Test func theFirstPlaceIsTheBaselineAndAFreeOneHasNoVersion() throws {
        let plan = try LedSample.release(LedSample.configuration)
        #expect(plan.places == ["blue", "green"])
        #expect(plan.baseline.version == "v1.4.2" && plan.baseline.targets.map(\.instance) == ["10.0.0.1:9090"])
        #expect(
            plan.canary.version == ReleasePlan.noVersion && plan.canary.targets.map(\.instance) == ["10.0.0.2:9090"])
        #expect(!plan.isTurned)
    }

    @Test func aPlaceMayHaveNoTargetsYet() throws {
        let plan = try LedSample.release(LedSample.changed("{targets: [\"10.0.0.2:9090\"]}", to: "{targets: []}"))
        #expect(plan.canary.targets.isEmpty)
    }

    /// So a service that was promoted before can get a new configuration.
    @Test func thePlaceWithTheOnlyVersionIsTheBaseline() throws {
        let plan = try LedSample.release(LedSample.changed("start: {blue: v1.4.2}", to: "start: {green: v1.5.0}"))
        #expect(plan.configuredDeployment.isTurned)
        let assigned = plan.assigned(plan.configuredDeployment)
        #expect(assigned.isTurned && assigned.baseline.version == "v1.5.0")
        #expect(assigned.baseline.targets.map(\.instance) == ["10.0.0.2:9090"])
    }

    @Test func bothPlacesMayHaveAVersion() throws {
        let plan = try LedSample.release(
            LedSample.changed("start: {blue: v1.4.2}", to: "start: {blue: v1.4.2, green: v1.5.0}"))
        #expect(plan.baseline.version == "v1.4.2" && plan.canary.version == "v1.5.0")
        #expect(!plan.configuredDeployment.isTurned)
    }

    @Test func aServiceWithoutStepsMayBeBetweenTwoReleases() throws {
        let text = LedSample.changed("    steps:\n      list: [1%, 10%, 100%]\n      every: {min: 5m}\n", to: "")
        let plan = try LedSample.release(text)
        #expect(plan.rollout == nil && plan.canary.version == ReleasePlan.noVersion)
    }

    @Test func poolsWithStepsAreThePlacesBaselineAndCanary() throws {
        let pools = """
                pools:
                  baseline: {version: v1, targets: ["10.0.0.1:9090"]}
                  canary: {version: v2, targets: ["10.0.0.2:9090"]}

            """
        let places = """
                places:
                  blue: {targets: ["10.0.0.1:9090"]}
                  green: {targets: ["10.0.0.2:9090"]}
                start: {blue: v1.4.2}

            """
        let plan = try LedSample.release(LedSample.changed(places, to: pools))
        #expect(plan.places == ["baseline", "canary"] && plan.rollout?.steps.count == 3)
        #expect(plan.baseline.version == "v1" && plan.canary.version == "v2")
    }

    @Test func oneScrapeBodyMayHoldTheSeriesOfBothPlaces() throws {
        let text = Sample.changed(
            "green: {targets: [\"10.0.0.2:9090\"]}", to: "green: {targets: [\"lb:8405\"], match: {server: new}}",
            in: LedSample.changed(
                "blue: {targets: [\"10.0.0.1:9090\"]}", to: "blue: {targets: [\"lb:8405\"], match: {server: old}}"))
        let plan = try LedSample.release(text)
        #expect("\(plan.baseline.match)" == "{server=\"old\"}" && "\(plan.canary.match)" == "{server=\"new\"}")
    }

    @Test func aFileWithAReleaseMayHavePlaces() throws {
        let lines = LedSample.configuration.split(separator: "\n").dropFirst(2)
        let release = lines.map { String($0.dropFirst(4)) }.joined(separator: "\n")
        let files = MemoryFiles([
            Sample.path: "state: /a\nreleases: [a.yaml]\n", "/etc/rollguard/a.yaml": release,
        ])
        let plan = try #require(Rulebook.load(configuration: Sample.path, files: files).plan)
        #expect(plan.releases[0].places == ["blue", "green"])
        let alone = Rulebook.load(configuration: "/etc/rollguard/a.yaml", files: files)
        #expect(alone.errors.map(\.text).first?.hasPrefix("this is a release, not a configuration") == true)
    }

    @Test(
        arguments: [
            (
                "green: {targets: [\"10.0.0.2:9090\"]}", "green: {targets: [\"10.0.0.1:9090\"]}",
                [
                    "6:25: error: the target '10.0.0.1:9090' is in place 'blue' as well, in line 5, so it would be compared with "
                        + "itself; where one endpoint has the series of both versions, give each pool its own 'match', for "
                        + "example match: {server: new1}"
                ]
            ),
            (
                "green: {targets: [\"10.0.0.2:9090\"]}", "green: {targets: [\"a:1\"], version: v2}",
                [
                    "6:33: error: unknown field 'version' in place 'green'; it has 'targets', 'select', 'match', 'instance_label'"
                ]
            ),
            (
                "      green: {targets: [\"10.0.0.2:9090\"]}\n", "",
                [
                    "5:7: error: 'places' needs two places, such as blue and green, and has 1: a new version is deployed to the one "
                        + "that is free"
                ]
            ),
            (
                "green: {targets", "\"gr een\": {targets",
                [
                    "6:7: error: 'gr een' cannot name a place; use up to 63 letters, digits, '-', '_' and '.', beginning with a "
                        + "letter or digit"
                ]
            ),
            (
                "    start: {blue: v1.4.2}\n", "",
                ["3:5: error: release \"checkout\" needs 'start'"]
            ),
            (
                "start: {blue: v1.4.2}", "start: {}",
                [
                    "7:12: error: 'start' names no version; which place serves which version before the first rollout?"
                ]
            ),
            (
                "start: {blue: v1.4.2}", "start: {bleu: v1.4.2, red: v2}",
                [
                    "7:13: error: 'places' has no 'bleu'; did you mean 'blue'?",
                    "7:27: error: 'places' has no 'red'; it has 'blue' and 'green'",
                ]
            ),
            (
                "start: {blue: v1.4.2}", "start: {blue: v1.4.2, green: v1.4.2}",
                [
                    "7:34: error: both pools have version 'v1.4.2'; a release compares two versions, or measures one with "
                        + "'aa: true'"
                ]
            ),
            (
                "start: {blue: v1.4.2}", "start: {blue: latest}",
                [
                    "7:19: error: 'latest' means another build tomorrow; name the version itself, or write 'versions: {mutable: "
                        + "true}'"
                ]
            ),
            (
                "start: {blue: v1.4.2}", "start: {blue: none}",
                ["7:19: error: a place without a version is left out of 'start'"]
            ),
            (
                "blue: {targets: [\"10.0.0.1:9090\"]}", "blue: {targets: []}",
                ["7:19: error: place 'blue' has version 'v1.4.2' and no targets; list what is scraped there"]
            ),
            (
                "    places:\n      blue: {targets: [\"10.0.0.1:9090\"]}\n      green: {targets: [\"10.0.0.2:9090\"]}\n",
                "",
                [
                    "3:5: error: release \"checkout\" needs 'pools' or 'places'",
                    "4:5: error: 'start' goes with 'places'; 'pools' has the versions",
                ]
            ),
            (
                "    start: {blue: v1.4.2}\n",
                "    start: {blue: v1}\n    pools:\n      baseline: {version: a, targets: [\"a:1\"]}\n"
                    + "      canary: {version: b, targets: [\"b:1\"]}\n",
                ["4:5: error: release \"checkout\" has 'pools' and 'places'; keep one of them"]
            ),
        ] as [DiagnosticTests.Row])
    func whatCannotBeAPlaceIsReported(_ row: DiagnosticTests.Row) {
        #expect(LedSample.errors(row.piece, to: row.other) == row.expected)
    }

    @Test func withoutStepsTheFirstPlaceHasTheOldVersion() {
        let steps = "    steps:\n      list: [1%, 10%, 100%]\n      every: {min: 5m}\n"
        let text = Sample.changed("{blue: v1.4.2}", to: "{green: v1.4.2}", in: LedSample.changed(steps, to: ""))
        #expect(
            Sample.errors(Sample.load(text)) == [
                "rollguard.yaml:7:12: error: place 'blue' is the baseline and has no version in 'start'; without 'steps' the "
                    + "first of 'places' has the old version"
            ])
    }

    @Test func aMutableNameIsTakenWhereItIsAllowed() throws {
        let plan = try LedSample.release(
            LedSample.changed("start: {blue: v1.4.2}", to: "start: {blue: latest}\n    versions: {mutable: true}"))
        #expect(plan.baseline.version == "latest" && plan.rollout?.allowsMutableVersions == true)
    }
}

/// The sides of a router's settings go by the names of the places.
extension PlacesTests {
    private static func servers(_ text: String) throws -> (baseline: [String], canary: [String]) {
        let router = "{kind: haproxy, socket: /run/h.sock, backend: b, servers: \(text)}"
        let plan = try LedSample.release(
            LedSample.changed("{kind: gray, instances: [\"http://127.0.0.1:9412\"]}", to: router))
        let settings = try #require(plan.router.settings as? HAProxyPlan)
        guard case .weights(_, let baseline, let canary, _) = settings.mode else { return ([], []) }
        return (baseline, canary)
    }

    @Test(arguments: ["{blue: [old], green: [new]}", "{green: [new], blue: [old]}", "{baseline: [old], canary: [new]}"])
    func theFirstPlaceIsTheBaselineSide(_ text: String) throws {
        let servers = try Self.servers(text)
        #expect(servers.baseline == ["old"] && servers.canary == ["new"])
    }

    @Test func theSidesOfASecondRouterAreNamedAlike() throws {
        let router = "{kind: haproxy, socket: /run/h.sock, backend: b, servers: {blue: [old], green: [new]}}"
        let plan = try LedSample.release(
            LedSample.changed("    rules:", to: "    fallback: {router: \(router)}\n    rules:"))
        #expect(plan.fallback?.router.kind == "haproxy")
    }
}

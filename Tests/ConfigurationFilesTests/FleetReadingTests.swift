import ConfigurationFiles
import Model
import Testing

/// `fleet` of `replicas`: releases that are shared out.
struct FleetReadingTests {
    private static func load(_ fleet: String) -> Rulebook.Result {
        Sample.load(
            Sample.configuration + "replicas:\n  name: rg-1\n  store: {kind: file, folder: /var/lib/leases}\n"
                + (fleet.isEmpty ? "" : "  fleet: \(fleet)\n"))
    }

    @Test(arguments: [
        ("{}", FleetPlan()),
        ("{copies: 3, shards: 256, capacity: 20000}", FleetPlan(copies: 3, shards: 256, capacity: 20_000)),
        ("{copies: 1}", FleetPlan(copies: 1)),
    ])
    func aFleetIsReadAndShownAsTheSame(text: String, fleet: FleetPlan) throws {
        let plan = try #require(Self.load(text).plan)
        #expect(plan.replicas?.fleet == fleet)
        let again = Sample.load(Rulebook.effectiveYAML(of: plan))
        #expect(again.plan?.replicas == plan.replicas, "\(Sample.errors(again))")
    }

    @Test func withoutItEachReplicaWatchesAllReleases() throws {
        #expect(try #require(Self.load("").plan?.replicas).fleet == nil)
    }

    @Test(arguments: [
        ("{copies: 0}", "copies"), ("{copies: 4}", "copies"), ("{shards: 0}", "shards"), ("{shards: 257}", "shards"),
        ("{capacity: 0}", "capacity"), ("{members: 3}", "members"),
    ])
    func whatNoFleetCanHaveIsRefused(text: String, field: String) {
        let errors = Sample.errors(Self.load(text))
        #expect(errors.count == 1 && errors[0].contains("'\(field)'"), "\(errors)")
    }
}

import Foundation
import Testing

/// The daemon that ships, with its configuration in a real etcd.
@Suite(
    "A daemon with a configuration centre", .serialized,
    .enabled(if: CentreWorld.isPossible, "needs the executable and etcd"), .timeLimit(.minutes(5)))
struct CentreDaemonTests {
    private static let push = "rollguard config push shop --author ann"

    private func started(_ world: CentreWorld) throws -> Executable {
        try Executable(
            program: "/bin/bash", ["-c", "cd '\(world.folder.path)' && exec '\(Executable.path ?? "")' run"],
            folder: world.folder)
    }

    /// The change is refused whole with every diagnostic, and what was in force stays.
    @Test func whatIsInvalidIsRefusedWholeAndAbsenceRemovesNothing() async throws {
        let world = try await CentreWorld()
        #expect(try await world.shell(Self.push).status == 0)
        let daemon = try started(world)
        #expect(await eventually { try await world.status().contains("\"checkout\"") }, "\(daemon.text)")
        // By hand, behind the back of the manifest: half of a change, which may never become whole.
        try await world.etcd("/v3/kv/put", ["key": "rollguard/v1/rules/errors.yaml", "value": "groups: []"])
        #expect(await eventually { try await world.status().contains("digest differs") }, "\(daemon.text)")
        try await world.etcd(
            "/v3/kv/deleterange", ["key": "rollguard/v1/", "range_end": "rollguard/v10"])
        #expect(await eventually { try await world.status().contains("the manifest is missing") }, "\(daemon.text)")
        #expect(try await world.status().contains("\"checkout\""), "the release stays")
        // Valid, and without the only release; then one that is invalid, which is not written at all.
        let text = "groups: [{name: a, rules: [{alert: A, indicatr: error_rate, when: canry > 1}]}]"
        try world.write("bad/rules/errors.yaml", text)
        let few = try await world.shell("rollguard config push bad")
        #expect(few.status == 0, "a rule file that no release names is not read: \(few.text)")
        #expect(await eventually { try await world.status().contains("would leave at once") }, "\(daemon.text)")
        let wrong = try await world.shell(
            "cp -r shop wrong && sed -i 's/scrape:/scrap:/; s/pools:/pols:/' wrong/releases/*.yaml && rollguard config push wrong"
        )
        #expect(
            wrong.status == 1 && wrong.text.contains("etcd:/rollguard/v1/releases/checkout.yaml:2"), "\(wrong.text)")
        #expect(daemon.isRunning)
        #expect(try await world.shell(Self.push).status == 0, "and the whole configuration again")
        #expect(await eventually { try await world.status().contains("\"manifest_revision\":3") }, "\(daemon.text)")
        await world.end(daemon)
    }

    /// With the centre away, a start continues with the last good state, says so, and follows when it is back.
    @Test func aStartWithoutTheCentreWorksAndSaysSo() async throws {
        let world = try await CentreWorld()
        #expect(try await world.shell(Self.push).status == 0)
        let first = try started(world)
        #expect(await eventually { try await world.status().contains("\"checkout\"") }, "\(first.text)")
        await first.kill9()
        await world.stopEtcd()
        let second = try started(world)
        #expect(await eventually { try await world.status().contains("\"from_disk\":true") }, "\(second.text)")
        #expect(try await world.status().contains("\"checkout\""))
        #expect(second.text.contains("from the disk is in force"))
        try await world.startEtcd()
        #expect(
            await eventually(1_200) { try await world.status().contains("\"from_disk\":false") }, "\(second.text)")
        // A change after the outage is taken like any other.
        #expect(try await world.shell("sed -i 's/> 1%/> 4%/' shop/rules/errors.yaml && \(Self.push)").status == 0)
        #expect(await eventually { try await world.status().contains("\"manifest_revision\":2") }, "\(second.text)")
        await world.end(second)
    }

    /// Without the centre, without a state of it and without releases of its own there is nothing to watch.
    @Test func aFirstStartWithoutTheCentreEnds() async throws {
        let world = try await CentreWorld()
        await world.stopEtcd()
        let daemon = try started(world)
        let end = await daemon.end(withinSeconds: 60)
        #expect(end?.status == 1 && daemon.text.contains("there is nothing to watch"), "\(daemon.text)")
        await world.end(daemon)
    }

    @Test func twoPushesAtTheSameTimeDoNotBothWin() async throws {
        let world = try await CentreWorld()
        #expect(try await world.shell(Self.push).status == 0)
        let both = try await world.shell(
            """
            cp -r shop other && sed -i 's/> 1%/> 5%/' shop/rules/errors.yaml && sed -i 's/> 1%/> 6%/' other/rules/errors.yaml
            (rollguard config push shop; echo "one $?") > one.txt 2>&1 & rollguard config push other; echo "two $?"; wait; cat one.txt
            """)
        let wins = ["one 0", "two 0"].count { both.text.contains($0) }
        let losses = ["one 1", "two 1"].count { both.text.contains($0) }
        // One after the other, both may win; then they are two revisions.
        #expect(wins + losses == 2 && wins >= 1, "\(both.text)")
        #expect(losses == 0 || both.text.contains("another client changed the manifest"), "\(both.text)")
        await world.end()
    }
}

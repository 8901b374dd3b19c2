import Foundation
import Testing

/// The guard against a bad push, and the emergency brake, with a real etcd and a real router.
@Suite(
    "The brakes of a configuration centre", .serialized,
    .enabled(if: CentreWorld.isPossible, "needs the executable and etcd"), .timeLimit(.minutes(5)))
struct CentreBrakeTests {
    private static let push = "rollguard config push shop --author ann"

    private func started(_ world: CentreWorld, _ arguments: String = "run") throws -> Executable {
        try Executable(
            program: "/bin/bash", ["-c", "cd '\(world.folder.path)' && exec '\(Executable.path ?? "")' \(arguments)"],
            folder: world.folder)
    }

    /// With a gray router whose canary has 10 % of the traffic.
    private func world() async throws -> (CentreWorld, router: Executable) {
        let world = try await CentreWorld()
        let admin = try Scratch.port()
        try world.write(
            "router.json",
            """
            {"state_file": "split.json", "baseline": ["127.0.0.1:\(try Scratch.port())"],
             "canary": ["127.0.0.1:\(try Scratch.port())"], "strategy": {"kind": "random"},
             "initial_canary_basis_points": 1000, "listen": "127.0.0.1:\(try Scratch.port())",
             "admin_listen": "127.0.0.1:\(admin)"}
            """)
        let release = try String(
            contentsOf: world.folder.appendingPathComponent("shop/releases/checkout.yaml"), encoding: .utf8)
        try world.write("shop/releases/checkout.yaml", release.replacing("127.0.0.1:9412", with: "127.0.0.1:\(admin)"))
        let router = try started(world, "router --config router.json")
        #expect(await eventually { router.text.contains("traffic on") }, "\(router.text)")
        return (world, router)
    }

    /// The release has traffic on its canary: a wider rollback rule is named with its values and refused, until it is forced.
    @Test func aRuleIsNotWidenedInMidRollout() async throws {
        let (world, router) = try await world()
        #expect(try await world.shell(Self.push).status == 0)
        let daemon = try started(world)
        #expect(
            await eventually { try await world.status().contains("\"canary_basis_points\":1000") }, "\(daemon.text)")
        let wider = "sed -i 's/> 1%/> 3%/' shop/rules/errors.yaml && \(Self.push)"
        let pushed = try await world.shell(wider)
        #expect(pushed.status == 0 && pushed.text.contains("a daemon refuses that"), "\(pushed.text)")
        #expect(
            await eventually { try await world.status().contains("checkout is in mid rollout") }, "\(daemon.text)")
        #expect(daemon.text.contains("and canary > 1%' -> 'canary > 2 * baseline and canary > 3%'"), "\(daemon.text)")
        #expect(try await world.status().contains("\"manifest_revision\":1"), "what was in force stays")
        let forced = try await world.shell("sed -i 's/> 3%/> 4%/' shop/rules/errors.yaml && \(Self.push) --force")
        #expect(forced.status == 0, "\(forced.text)")
        #expect(await eventually { try await world.status().contains("\"manifest_revision\":3") }, "\(daemon.text)")
        // A stricter rule needs no force.
        #expect(try await world.shell("sed -i 's/> 4%/> 1%/' shop/rules/errors.yaml && \(Self.push)").status == 0)
        #expect(await eventually { try await world.status().contains("\"manifest_revision\":4") }, "\(daemon.text)")
        await router.kill9()
        await world.end(daemon)
    }

    /// A pin that cannot be put into force at a restart must not become a daemon that follows the centre.
    @Test func aPinThatCannotBeUsedKeepsTheCentreOut() async throws {
        let world = try await CentreWorld()
        #expect(try await world.shell(Self.push).status == 0)
        let first = try started(world)
        #expect(await eventually { try await world.status().contains("\"manifest_revision\":1") }, "\(first.text)")
        #expect(try await world.shell("sed -i 's/> 1%/> 0.5%/' shop/rules/errors.yaml && \(Self.push)").status == 0)
        #expect(await eventually { try await world.status().contains("\"manifest_revision\":2") }, "\(first.text)")
        #expect(try await world.shell("rollguard config use 1 --by ann --force").status == 0)
        await first.kill9()
        // What is pinned is of another centre now.
        let file = world.folder.appendingPathComponent("state/centre/brake.json")
        let kept = try String(contentsOf: file, encoding: .utf8)
        #expect(kept.contains("\"etcd:/rollguard/v1/\""), "\(kept.prefix(400))")
        try kept.replacing("\"etcd:/rollguard/v1/\"", with: "\"etcd:/other/v1/\"")
            .write(to: file, atomically: true, encoding: .utf8)
        #expect(try await world.shell("sed -i 's/> 0.5%/> 0.4%/' shop/rules/errors.yaml && \(Self.push)").status == 0)

        let second = try started(world)
        #expect(
            await eventually { try await world.status().contains("the pinned state cannot be used: it is of") },
            "\(second.text)")
        let status = try await world.status()
        #expect(status.contains("\"pinned\"") && status.contains("\"manifest_revision\":2"), "\(status)")
        // The centre holds another revision, and is not read.
        #expect(try await world.shell("rollguard config unpin --by ann --force").status == 0)
        #expect(try await world.status().contains("\"manifest_revision\":2"))
        #expect(try await world.shell("rollguard config attach --by ann").status == 0)
        #expect(await eventually { try await world.status().contains("\"manifest_revision\":3") }, "\(second.text)")
        await world.end(second)
    }

    /// `use` holds over changes of the centre and a restart, and `unpin` follows again; so do `detach` and `attach`.
    @Test func theBrakeHoldsOverChangesAndARestart() async throws {
        let world = try await CentreWorld()
        #expect(try await world.shell(Self.push).status == 0)
        let first = try started(world)
        #expect(await eventually { try await world.status().contains("\"checkout\"") }, "\(first.text)")
        let change = "sed -i 's/> 1%/> 0.5%/' shop/rules/errors.yaml && \(Self.push)"
        #expect(try await world.shell(change).status == 0)
        #expect(await eventually { try await world.status().contains("\"manifest_revision\":2") }, "\(first.text)")
        let use = try await world.shell("rollguard config use 1 --by ann --reason 'bad push' --force")
        #expect(use.status == 0 && use.text.contains("pinned by ann"), "\(use.text)")
        #expect(try await world.status().contains("\"manifest_revision\":1"))
        let unknown = try await world.shell("rollguard config use 77")
        #expect(unknown.status == 1 && unknown.text.contains("is not in the history"), "\(unknown.text)")
        // The centre moves on, and what is pinned stays.
        #expect(try await world.shell("sed -i 's/> 0.5%/> 0.4%/' shop/rules/errors.yaml && \(Self.push)").status == 0)
        #expect(await eventually { try await world.status().contains("\"held_revision\"") }, "\(first.text)")
        #expect(try await world.status().contains("\"manifest_revision\":1"))
        #expect(try await world.shell("rollguard check").text.contains("pinned by ann"))
        let shown = try await world.shell("rollguard config show 1")
        #expect(shown.text.contains("> 1%") && shown.text.contains("# --- rules/errors.yaml"), "\(shown.text)")
        let history = try await world.shell("rollguard config history")
        #expect(history.text.contains("(pinned)"), "\(history.text)")
        await first.kill9()

        let second = try started(world)
        #expect(
            await eventually { try await world.status().contains("\"manifest_revision\":1") }, "\(second.text)")
        #expect(await eventually { try await world.status().contains("\"held_revision\"") }, "\(second.text)")
        let metrics = try #require(URL(string: "http://127.0.0.1:\(world.apiPort)/metrics"))
        let exposition = try await HTTP.send("GET", metrics).text
        #expect(exposition.contains("order=\"pinned\"} 1"), "\(exposition)")
        #expect(try await world.shell("rollguard config unpin --by ann --force").status == 0)
        #expect(await eventually { try await world.status().contains("\"manifest_revision\":3") }, "\(second.text)")

        #expect(try await world.shell("rollguard config detach --by ann").status == 0)
        await world.stopEtcd()
        await second.kill9()
        // Neither the start nor the daemon waits for a centre that is not to be read.
        let third = try started(world)
        #expect(await eventually { try await world.status().contains("\"detached\"") }, "\(third.text)")
        #expect(try await world.status().contains("\"checkout\""))
        try await world.startEtcd()
        #expect(try await world.shell("sed -i 's/> 0.4%/> 0.3%/' shop/rules/errors.yaml && \(Self.push)").status == 0)
        #expect(try await world.status().contains("\"manifest_revision\":3"))
        #expect(try await world.shell("rollguard config attach --by ann").status == 0)
        #expect(await eventually { try await world.status().contains("\"manifest_revision\":4") }, "\(third.text)")
        await world.end(third)
    }
}

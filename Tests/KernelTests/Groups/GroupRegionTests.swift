import Model
import Testing

@testable import Kernel

/// Members of a group on several daemons.
struct GroupRegionTests {
    @Test func theReleaseOfAnotherDaemonGoesBackToo() {
        var world = GroupWorld.regions()
        world.fail()
        world.cycle(8)
        #expect(world.share("checkout") == 0)
        #expect(world.share("cart", daemon: 1) == 0)
        #expect(world.incidents(of: "cart", daemon: 1).count == 1)
        let going = world.group?.committed.first
        #expect(going?.incident == world.incidents(of: "cart", daemon: 1).first?.id)
        #expect(world.place("router checkout 0") < world.place("group_decided checkout"))
        #expect(world.place("group_decided checkout") < world.place("router cart 0"))
        #expect(world.notices(.groupDecided).first?.summary.contains("cart at eu.example:9464 goes back") == true)
    }

    @Test func aCommitStartsNoPreparation() {
        var world = GroupWorld.regions()
        world.fail()
        world.cycle(20)
        #expect(world.orders.map(\.kind) == [.prepare, .commit])
    }

    @Test(arguments: [GroupWorld.Reach.down, .silent])
    func aDaemonThatCannotBeAskedRefusesAndDelaysNothing(_ reach: GroupWorld.Reach) {
        var alone = GroupWorld { $0.groups = [] }
        alone.fail()
        alone.cycle(8)
        var world = GroupWorld.regions()
        world.daemons[1].reach = reach
        world.fail()
        world.cycle(8)
        #expect(world.calledAt["checkout"] == alone.calledAt["checkout"])
        #expect(world.acknowledgedAt["checkout"] == alone.acknowledgedAt["checkout"])
        #expect(world.share("cart", daemon: 1) == 1_000)
        #expect(world.group?.decision?.stays.map(\.isRefusal) == [true])
        #expect(world.group?.isOpen == false)
    }

    /// Before the decision the daemon is there, and afterwards it is not.
    private func downAfterPrepare(_ world: inout GroupWorld) {
        world.cycle(4)
        world.daemons[0].services["checkout"]?.canaryErrors = 40
        world.daemons[0].isDiskWorking = false
        world.cycle(20)
        #expect(world.orders.map(\.kind) == [.prepare])
        world.daemons[1].reach = .down
        world.healDisk()
    }

    @Test func commitsAreSentUntilTheyAreTakenAndReportedOnce() {
        var world = GroupWorld.regions()
        downAfterPrepare(&world)
        world.cycle(90)
        #expect(world.share("cart", daemon: 1) == 1_000)
        #expect(world.orders.count { $0.kind == .commit } > 2)
        // A try a minute at most, and fewer than one a second before.
        #expect(world.orders.count { $0.kind == .commit } < 12)
        #expect(world.notices(.groupIncomplete).count == 1)
        #expect(world.notices(.groupIncomplete).first?.summary.contains("cannot be reached") == true)
        world.daemons[1].reach = .works
        world.cycle(70)
        #expect(world.share("cart", daemon: 1) == 0)
        #expect(world.incidents(of: "cart", daemon: 1).count == 1)
        #expect(Set(world.orders.map(\.link.key)).count == 1)
        #expect(world.group?.isOpen == false)
        #expect(world.notices(.groupEnded).count == 1)
    }

    @Test func aCommitWhoseAnswerWasLostIsTakenOnce() {
        var world = GroupWorld.regions()
        downAfterPrepare(&world)
        world.daemons[1].reach = .losesAnswers
        world.cycle(40)
        #expect(world.share("cart", daemon: 1) == 0)
        world.daemons[1].reach = .works
        world.cycle(70)
        #expect(world.incidents(of: "cart", daemon: 1).count == 1)
        #expect(world.count("intended cart") == 1)
        #expect(world.group?.isOpen == false)
    }

    @Test func aCoordinatorThatDiedAfterItsDecisionSendsTheCommitAgain() {
        var world = GroupWorld.regions()
        downAfterPrepare(&world)
        world.cycle(2)
        world.daemons[1].reach = .losesAnswers
        world.restart()
        world.cycle(10)
        world.restart()
        world.daemons[1].reach = .works
        world.cycle(10)
        #expect(world.incidents(of: "cart", daemon: 1).count == 1)
        #expect(world.count("intended cart") == 1)
        #expect(Set(world.orders.map(\.link.key)).count == 1)
        #expect(world.group?.committed.first?.incident == world.incidents(of: "cart", daemon: 1).first?.id)
    }

    @Test func aParticipantThatRestartedKnowsItsIncident() {
        var world = GroupWorld.regions()
        world.fail()
        world.cycle(8)
        guard let commit = world.orders.last, commit.kind == .commit else {
            Issue.record("no commit")
            return
        }
        world.restart(1)
        let known = world.incidents(of: "cart", daemon: 1).first?.id ?? ""
        #expect(world.answer(commit, daemon: 1) == .going(incident: known))
        _ = world.command(.rearm(release: "cart"), daemon: 1)
        #expect(world.answer(commit, daemon: 1) == .going(incident: known))
        #expect(world.count("intended cart") == 1)
    }

    @Test func aPromiseThatRanOutIsKeptWhileTheVersionsAreTheSame() {
        var world = GroupWorld.regions()
        downAfterPrepare(&world)
        world.cycle(5)
        world.pass(ms: 2 * GroupPromise.validMs)
        world.cycle(3)
        world.daemons[1].reach = .works
        world.cycle(70)
        #expect(world.share("cart", daemon: 1) == 0)
    }

    @Test func otherVersionsMakeACommitStale() {
        var world = GroupWorld.regions()
        downAfterPrepare(&world)
        world.reload(daemon: 1) { $0.releases[0].canary.version = "v3" }
        world.daemons[1].reach = .works
        world.cycle(30)
        #expect(world.share("cart", daemon: 1) == 1_000)
        #expect(world.group?.stale.map(\.companion.release) == ["cart"])
        #expect(world.notices(.groupIncomplete).count == 1)
        let commits = world.orders.count { $0.kind == .commit }
        world.cycle(70)
        #expect(world.orders.count { $0.kind == .commit } == commits)
        // It is for an operator to see to.
        #expect(world.group?.isOpen == true)
        _ = world.command(.rearm(release: "checkout"))
        #expect(world.notices(.groupEnded).count == 1)
    }

    @Test func oneThatGoesBackByItselfNeedsNothing() {
        var world = GroupWorld.regions()
        world.cycle(4)
        let order = GroupOrder(
            kind: .prepare, release: "cart",
            link: GroupLink(group: "shop", release: "checkout", incident: "checkout-9", key: "k"), reason: "sick")
        _ = world.command(.rollback(release: "cart", toVersion: nil), daemon: 1)
        let own = world.incidents(of: "cart", daemon: 1).first?.id ?? ""
        #expect(world.answer(order, daemon: 1) == .going(incident: own))
        world.cycle(8)
        #expect(world.answer(order, daemon: 1) == .idle(reason: "it is rolled back already (\(own))"))
        var commit = order
        (commit.kind, commit.versions) = (.commit, GroupVersions(from: "v2", to: "v1"))
        #expect(world.answer(commit, daemon: 1) == .going(incident: own))
        #expect(world.count("intended cart") == 1)
    }

    @Test func aReleaseIsPreparedForOneIncidentAtATime() {
        var world = GroupWorld.regions()
        world.cycle(4)
        func order(_ key: String) -> GroupOrder {
            GroupOrder(
                kind: .prepare, release: "cart",
                link: GroupLink(group: "shop", release: "checkout", incident: key, key: key), reason: "sick")
        }
        #expect(world.answer(order("one"), daemon: 1) == .ready(GroupVersions(from: "v2", to: "v1")))
        #expect(world.answer(order("one"), daemon: 1) == .ready(GroupVersions(from: "v2", to: "v1")))
        #expect(world.answer(order("two"), daemon: 1) == .refused(reason: "it is prepared for one"))
        world.cycle(Int(GroupPromise.validMs / 1_000) + 1)
        #expect(world.answer(order("two"), daemon: 1) == .ready(GroupVersions(from: "v2", to: "v1")))
        #expect(world.share("cart", daemon: 1) == 1_000)
    }
}

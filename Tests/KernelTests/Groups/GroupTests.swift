import Model
import Testing

@testable import Kernel

/// Releases of one daemon that go back together.
struct GroupTests {
    @Test func theSickReleaseGoesFirstAndCompanionsFollowTheDecision() {
        var world = GroupWorld()
        world.daemons[0].services["payment"]?.isBaselineUp = false
        world.fail()
        world.cycle(6)
        let order = [
            "intended checkout", "router checkout 0", "group_decided checkout", "intended cart", "router cart 0",
        ]
        #expect(order.map { world.place($0) } == order.map { world.place($0) }.sorted())
        #expect(order.allSatisfy { world.count($0) == 1 })
        #expect(world.place("group_prepared cart") < world.place("group_decided checkout"))
        #expect(world.share("checkout") == 0)
        #expect(world.share("cart") == 0)
        #expect(world.share("payment") == 1_000)
        #expect(world.incidents(of: "payment").isEmpty)
        #expect(world.group?.isOpen == false)
    }

    @Test func oneNotificationNamesWhoGoesWhoStaysAndWhy() throws {
        var world = GroupWorld()
        world.daemons[0].services["payment"]?.isBaselineUp = false
        world.fail()
        world.cycle(6)
        let sent = world.notices(.groupDecided)
        #expect(sent.count == 1)
        let text = try #require(sent.first?.summary)
        #expect(
            text == "checkout: the group: cart goes back; payment stays: no target of its baseline could be scraped")
        #expect(sent.first.map(Severity.init) == .warning)
    }

    @Test func aGroupThatHoldsTakesOnlyTheSickOneBack() {
        var world = GroupWorld(onRefusal: .hold)
        world.daemons[0].services["payment"]?.isBaselineUp = false
        world.fail()
        world.cycle(6)
        #expect(world.share("checkout") == 0)
        #expect(world.share("cart") == 1_000)
        #expect(world.incidents(of: "cart").isEmpty)
        #expect(world.group?.decision?.isHeld == true)
        #expect(world.notices(.groupHeld).map(Severity.init) == [.critical])
        #expect(world.notices(.groupHeld).first?.summary.contains("payment stays: no target") == true)
    }

    @Test func aGroupThatHoldsGoesWhenAllCan() {
        var world = GroupWorld(onRefusal: .hold)
        world.fail()
        world.cycle(6)
        #expect(["checkout", "cart", "payment"].map { world.share($0) } == [0, 0, 0])
    }

    @Test(arguments: [GroupPlan.Refusal.goWithout, .hold])
    func theSickReleaseIsAsFastAsWithoutAGroup(_ onRefusal: GroupPlan.Refusal) {
        var alone = GroupWorld { $0.groups = [] }
        alone.fail()
        alone.cycle(8)
        var grouped = GroupWorld(onRefusal: onRefusal)
        grouped.daemons[0].services["cart"]?.isRouterDead = true
        grouped.fail()
        grouped.cycle(8)
        #expect(alone.calledAt["checkout"] != nil)
        #expect(grouped.calledAt["checkout"] == alone.calledAt["checkout"])
        #expect(grouped.acknowledgedAt["checkout"] == alone.acknowledgedAt["checkout"])
        #expect(alone.acknowledgedAt["checkout"] != nil)
    }

    @Test func aCompanionHasAnIncidentOfItsOwnThatIsLinked() throws {
        var world = GroupWorld()
        world.fail()
        world.cycle(8)
        let sick = try #require(world.incidents(of: "checkout").first)
        let companion = try #require(world.incidents(of: "cart").first)
        guard case .rollout(let trigger) = companion.intent.trigger else {
            Issue.record("\(companion.intent.trigger)")
            return
        }
        #expect(trigger.kind == .companion)
        #expect(trigger.group?.incident == sick.id)
        #expect(trigger.group?.group == "shop")
        #expect(companion.state == .acknowledged)
        #expect(sick.group?.incident(of: GroupCompanion(release: "cart")) == companion.id)
    }

    @Test func aCompanionTakesNoOthersAlong() {
        var world = GroupWorld()
        world.fail()
        world.cycle(8)
        #expect(world.trace.count { $0.hasPrefix("group_begun") } == 1)
        #expect(world.incidents(of: "cart").first?.group == nil)
    }

    @Test func twoThatAreSickAtOnceAreNotTakenBackTwice() {
        var world = GroupWorld(onRefusal: .hold)
        world.cycle(4)
        world.daemons[0].services["checkout"]?.canaryErrors = 40
        world.daemons[0].services["cart"]?.canaryErrors = 40
        world.cycle(8)
        for name in ["checkout", "cart", "payment"] {
            #expect(world.share(name) == 0)
            #expect(world.incidents(of: name).count == 1)
        }
    }

    @Test func aCompanionWithoutTrafficNeedsNothingAndHoldsNothing() {
        var world = GroupWorld(onRefusal: .hold)
        world.daemons[0].services["payment"]?.share = 0
        world.fail()
        world.cycle(6)
        #expect(world.share("cart") == 0)
        #expect(world.incidents(of: "payment").isEmpty)
        #expect(world.group?.decision?.stays.map(\.isRefusal) == [false])
        #expect(world.notices(.groupHeld).isEmpty)
    }

    @Test func anOperatorsRollbackTakesTheCompanionsAlong() {
        var world = GroupWorld()
        world.cycle(4)
        _ = world.command(.rollback(release: "cart", toVersion: nil))
        world.cycle(6)
        #expect(["checkout", "cart", "payment"].map { world.share($0) } == [0, 0, 0])
    }

    @Test func aCompanionWhoseRouterCannotBeUsedRefuses() {
        var world = GroupWorld()
        world.daemons[0].services["payment"]?.isRouterDead = true
        world.fail()
        world.cycle(6)
        #expect(world.share("cart") == 0)
        #expect(world.share("payment") == 1_000)
        #expect(world.group?.decision?.stays.first?.reason.contains("router") == true)
    }

    /// Nothing of the companions moves before the decision is on the disk, whatever the sick one does.
    @Test func whileTheDiskTakesNothingTheSickOneGoesAlone() {
        var world = GroupWorld()
        world.cycle(4)
        world.daemons[0].isDiskWorking = false
        world.daemons[0].services["checkout"]?.canaryErrors = 40
        world.cycle(20)
        #expect(world.share("checkout") == 0)
        #expect(world.share("cart") == 1_000)
        world.healDisk()
        world.cycle(6)
        #expect(world.share("cart") == 0)
    }

    @Test func aCompanionWhoseBaselineTurnsOutSickIsHeldAndThenGoes() {
        var world = GroupWorld()
        world.cycle(4)
        world.daemons[0].isDiskWorking = false
        world.daemons[0].services["checkout"]?.canaryErrors = 40
        world.cycle(20)
        world.daemons[0].services["cart"]?.isBaselineUp = false
        world.cycle(2)
        world.healDisk()
        world.cycle(3)
        #expect(world.share("payment") == 0)
        #expect(world.share("cart") == 1_000)
        #expect(world.notices(.groupIncomplete).map(Severity.init) == [.critical])
        #expect(world.group?.isOpen == true)
        world.daemons[0].services["cart"]?.isBaselineUp = true
        world.cycle(4)
        #expect(world.share("cart") == 0)
        #expect(world.group?.isOpen == false)
        #expect(world.notices(.groupIncomplete).count == 1)
        #expect(world.notices(.groupEnded).count == 1)
    }

    @Test func aCompanionWithOtherVersionsStays() {
        var world = GroupWorld()
        world.cycle(4)
        world.daemons[0].isDiskWorking = false
        world.daemons[0].services["checkout"]?.canaryErrors = 40
        world.cycle(20)
        world.reload { $0.releases[1].canary.version = "v3" }
        world.healDisk()
        world.cycle(3)
        #expect(world.share("cart") == 1_000)
        #expect(world.incidents(of: "cart").isEmpty)
        #expect(world.group?.stale.map(\.companion.release) == ["cart"])
        #expect(world.notices(.groupIncomplete).count == 1)
    }

    @Test func theGroupIsFrozenWithTheIntent() {
        var world = GroupWorld()
        world.cycle(4)
        world.daemons[0].isDiskWorking = false
        world.daemons[0].services["checkout"]?.canaryErrors = 40
        world.cycle(20)
        world.reload { $0.groups = [] }
        world.healDisk()
        world.cycle(3)
        #expect(world.share("cart") == 0)
    }

    @Test func rearmingTheSickOneEndsWhatIsStillWanted() {
        var world = GroupWorld(onRefusal: .hold)
        world.daemons[0].services["payment"]?.isBaselineUp = false
        world.fail()
        world.cycle(8)
        #expect(world.group?.isOpen == true)
        let lasting = world.daemons[0].kernel.standingAlerts(at: world.now).map(\.event)
        #expect(lasting.contains(.groupHeld), "for receivers that forget an alert that is not sent again")
        _ = world.command(.rearm(release: "checkout"))
        #expect(!world.daemons[0].kernel.standingAlerts(at: world.now).map(\.event).contains(.groupHeld))
        #expect(world.group?.endReason == "checkout is rearmed")
        #expect(world.notices(.groupEnded).count == 1)
        #expect(world.share("cart") == 1_000)
    }

    @Test func otherVersionsOfTheSickOneEndWhatIsStillWanted() {
        var world = GroupWorld(onRefusal: .hold)
        world.daemons[0].services["payment"]?.isBaselineUp = false
        world.fail()
        world.cycle(8)
        world.daemons[0].services["checkout"] = GroupWorld.Service()
        world.reload { $0.releases[0].canary.version = "v3" }
        world.cycle(4)
        let group = world.incidents(of: "checkout").last?.group
        #expect(group?.isOpen == false)
        #expect(world.notices(.groupEnded).count == 1)
        let before = world.incidents(of: "checkout")
        world.restart()
        #expect(world.incidents(of: "checkout") == before, "an incident is what its entries say")
    }

    @Test func aDryRunAsksNoCompanion() {
        let plan = GroupWorld().daemons[0].plan
        var world = KernelHarness(plan: plan, isDryRun: true)
        world.cycle(4)
        world.canary.errors = 40
        world.cycle(4)
        #expect(world.logs.contains { $0.text.contains("dry run: group shop would have been asked") })
        #expect(!world.recorded.contains { if case .group = $0.event { true } else { false } })
    }

    @Test func aRestartReadsTheGroupBack() {
        var world = GroupWorld()
        world.daemons[0].services["payment"]?.isBaselineUp = false
        world.fail()
        world.cycle(8)
        let before = world.group
        world.restart()
        #expect(before != nil)
        #expect(world.group == before)
    }
}

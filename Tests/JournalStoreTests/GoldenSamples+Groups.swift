import Model

/// What is written down of a group of releases that go back together.
extension GoldenSamples {
    static let groups: [(name: String, event: JournalEvent)] =
        groupEvents.map { ("\($0.event.name)\($0.variant)", .group($0.event)) } + [
            (
                "intended_companion",
                .intended(
                    IntentRecord(
                        trigger: .rollout(
                            RolloutTrigger(
                                .companion, by: "checkout", reason: "rolled back for CanaryErrorRate", group: link)),
                        fromVersion: "v9", toVersion: "v8", splitBefore: Split(canaryBasisPoints: 500),
                        splitWanted: .allBaseline, isDryRun: false))
            )
        ]

    private static let cart = GroupCompanion(release: "cart")
    private static let abroad = GroupCompanion(release: "cart", daemon: "https://eu.example:9464")
    private static let versions = GroupVersions(from: "v9", to: "v8")
    private static let link = GroupLink(
        group: "shop", release: "checkout", incident: "checkout-17", key: "3f9a1c07-checkout-17")

    private static let groupEvents: [(variant: String, event: GroupEvent)] = [
        (
            "",
            .begun(
                GroupWork(
                    group: "shop", key: "3f9a1c07-checkout-17", onRefusal: .goWithout, companions: [cart, abroad]))
        ),
        ("", .prepared(GroupPromise(link: link, versions: versions, untilWallMs: 1_700_000_060_000))),
        (
            "",
            .decided(
                GroupDecision(
                    goes: [.init(cart, versions)],
                    stays: [.init(abroad, "its daemon cannot be reached", isRefusal: true)]))
        ),
        (
            "_held",
            .decided(
                GroupDecision(goes: [], stays: [.init(cart, "its baseline is away", isRefusal: true)], isHeld: true))
        ),
        ("", .committed(abroad, incident: "cart-18")), ("", .delayed(abroad, reason: "it cannot be reached")),
        ("", .stale(cart, reason: "it has v10 -> v8 now")),
        ("", .ended(reason: "all that go back are on the way", wasReported: true)),
    ]
}

import Declarations
import Discovery
import Model
import Telemetry

/// A release.
struct ReleaseReader {
    /// What is read, in the order of the fields; later ones depend on earlier ones.
    struct Draft {
        var plan: ReleasePlan
        var scrape: ScrapeReader.Scrape
        var drafts: [RuleDraft] = []
        var rollout = RolloutReader.Draft()
        /// Of `exposition`; the plan has them in both pools.
        var shared: [PoolsReader.Target]?
        /// Written as `places`, not as `pools`.
        var hasPlaces = false

        init(_ plan: ReleasePlan) {
            self.plan = plan
            if let rollout = plan.rollout { self.rollout = RolloutReader.Draft(rollout) }
            let isPair = plan.places == ReleasePlan.blank.places
            // `pools` have targets; that a place has some is only asked where a version runs.
            let isSelected = !plan.baseline.select.isEmpty || !plan.canary.select.isEmpty
            hasPlaces = !isPair || !isSelected && plan.baseline.targets.isEmpty != plan.canary.targets.isEmpty
            scrape = ScrapeReader.Scrape(plan: plan.scrape)
        }
    }

    let folder: ConfigurationFolder
    let library: RuleLibrary
    let names: UniqueNames
    let routers: [any RouterKind.Type]
    var sources: [any SourceKind.Type] = []
    var tokens = KnownTokens()
    /// It is a part of a unit, whose steps may name rules of other parts.
    var isPart = false

    /// Nil after reporting why it cannot be used.
    func release(_ field: Field) -> ReleasePlan? {
        guard case .text(let name, _) = field.value.member("name")?.value.content else { return read(field) }
        return field.log.reading(release: name, at: field.place) { read(field) }
    }

    private func read(_ field: Field) -> ReleasePlan? {
        section.read(field, owner: owner(field)).map { draft in
            var plan = draft.plan
            plan.rules = draft.drafts.map { shown($0.plan, plan.scrape) }
            // The version is good as far as anyone knows, so nothing is to be done about it.
            if plan.isAA { for index in plan.rules.indices { plan.rules[index].action = .notify } }
            var limits = ProofLimits(plan: plan, log: field.log)
            limits.fit(field.value)
            FallbackCheck.check(plan, field)
            return limits.plan
        }
    }

    func tree(_ plan: ReleasePlan) -> YAMLTree { section.tree(Draft(plan)) }

    var section: Section<Draft> {
        Section(
            owner: "a release", blank: Draft(.blank),
            settings: [
                .required("name", \.plan.name, names.form, "identifies the release"),
                .value(
                    "aa", \.plan.isAA, .bool,
                    "both pools run the same version: [what they differ by](statistics.md#an-aa-release) is measured, and "
                        + "rules only notify"
                ).written { $0.plan.isAA },
                scrape, discovery, relabel, exposition, pools, places, start, source,
                indicators, router,
                .optional(
                    "share_from", \.plan.shareFrom, .choice(ShareSource.self),
                    "`centre`: the key `policy/NAME/share` of the [configuration centre]"
                        + "(centres.md#the-share-of-a-release) orders the share; not beside `steps` or `replicas`"),
                .section(
                    "rollback", \.plan.rollback, RollbackReader.section,
                    "how a rollback is driven and watched; [see below](#rollback-and-proof)"
                ).withOwnTable, fallback, drain, proof, procedure, rules,
            ] + rolloutSettings, exactlyOne: [["pools", "places"]],
            finish: { draft, fields in
                checkRollout(&draft, fields)
                if !fields.has("steps") { draft.plan.procedure?.refuseBefore(fields) }
                draft.refuseRecordingRules(fields)
                draft.refuseTwoSourcesOfShares(fields)
                return true
            })
    }

    /// A rule without a window is shown over one that holds a few scrapes.
    private func shown(_ rule: RulePlan, _ scrape: ScrapePlan) -> RulePlan {
        guard case .regression(var regression) = rule.test else { return rule }
        regression.shownWindowMs = max(regression.shownWindowMs, 3 * scrape.intervalMs)
        var rule = rule
        rule.test = .regression(regression)
        return rule
    }

    private func owner(_ field: Field) -> String {
        guard case .text(let name, _) = field.value.member("name")?.value.content, !name.isEmpty else {
            return "a release"
        }
        return "release \(Quote.name(name))"
    }
}

/// The fields that depend on each other.
extension ReleaseReader {
    private var scrape: Setting<Draft> {
        let section = ScrapeReader(folder: folder).section
        return Setting.section("scrape", \.scrape, section, "how metrics are fetched; [see below](#scrape)")
            .reading { fields, draft in
                if let field = fields["scrape"] { section.read(field, into: &draft.scrape) }
                draft.plan.scrape = draft.scrape.plan
                return true
            }.withOwnTable
    }

    private var discovery: Setting<Draft> {
        let form = DiscoveryReader(folder: folder, kinds: sources).form
        return Setting.optional(
            "discovery", \Draft.plan.discovery, form,
            "sources that [list targets](discovery.md); pools take them by `select`"
        ).reading { fields, draft in
            guard fields.has("discovery") else { return true }
            guard var plan = fields["discovery"].flatMap(form.read) else { return false }
            (plan.scheme, plan.metricsPath) = (draft.scrape.scheme, draft.scrape.path)
            draft.plan.discovery = plan
            return true
        }
    }

    private var relabel: Setting<Draft> {
        let form = RelabelReader.form
        return Setting.optional(
            "relabel", \Draft.relabelling, form,
            "[steps that change the labels](discovery.md#relabelling) of discovered targets, or drop targets"
        ).withOwnTable.reading { fields, draft in
            guard fields.has("relabel") else { return true }
            guard draft.plan.discovery != nil || fields.has("discovery") else {
                fields.fail(
                    at: fields.namePlace("relabel"),
                    "'relabel' changes targets that 'discovery' lists; the release has none")
                return false
            }
            guard let relabelling = fields["relabel"].flatMap(form.read) else { return false }
            draft.plan.discovery?.relabelling = relabelling
            return true
        }
    }

    private func poolsReader(_ draft: Draft? = nil, hasDiscovery: Bool = false) -> PoolsReader {
        let scrape = draft?.scrape ?? ScrapeReader.Scrape()
        return PoolsReader(
            scheme: scrape.scheme, path: scrape.path, folder: folder, isAA: draft?.plan.isAA ?? false,
            hasDiscovery: hasDiscovery, shared: draft?.shared)
    }

    private var exposition: Setting<Draft> {
        let section = poolsReader().exposition
        return Setting(
            names: ["exposition"], summary: "mapping", shownDefault: .text("each pool has targets of its own"),
            sentence: "targets of which each shows the series of both pools, in the place of `targets` of the pools; "
                + "[see below](#one-scrape-body-with-both-pools)",
            properties: [("exposition", section.schema)],
            read: { fields, draft in
                guard let field = fields["exposition"] else { return true }
                draft.shared = poolsReader(draft).exposition.read(field)?.targets
                return draft.shared != nil
            }, write: { _ in [] })
    }

    private var pools: Setting<Draft> {
        Setting.required(
            "pools", \Draft.pools, poolsReader().section.form(hasOwnTable: true),
            "the two versions; [see below](#pools)"
        ).reading { fields, draft in
            guard fields.has("pools") else { return true }
            let hasDiscovery = fields.has("discovery")
            let section = poolsReader(draft, hasDiscovery: hasDiscovery).section
            guard let pools = fields["pools"].flatMap({ section.read($0) }) else { return false }
            draft.pools = pools
            return SelectionCheck.check(pools, hasDiscovery: hasDiscovery, fields)
        }.shown(default: "this or `places`").written { !$0.hasPlaces }
    }

    private var places: Setting<Draft> {
        let place = poolsReader().place("NAME")
        return Setting(
            names: ["places"], summary: "mapping of two names to mappings", shownDefault: .text("this or `pools`"),
            sentence: "the two places where versions run; [see below](#places)",
            properties: [("places", .two(.shared("place", place.schema)))],
            read: { fields, draft in
                guard let field = fields["places"] else { return !fields.has("places") }
                let hasDiscovery = fields.has("discovery")
                let reader = PlacesReader(pools: poolsReader(draft, hasDiscovery: hasDiscovery))
                guard let pools = reader.read(field) else { return false }
                draft.pools = pools
                return SelectionCheck.check(pools, hasDiscovery: hasDiscovery, fields)
            },
            write: { draft in
                let pools = [draft.pools.baseline, draft.pools.canary]
                return [("places", .mapping(zip(draft.plan.places, pools).map { ($0, place.tree($1)) }))]
            }
        ).written(if: \.hasPlaces)
    }

    private var source: Setting<Draft> {
        let section = SampleServerReader(folder: folder).section
        return Setting.optional(
            "source", \Draft.source, section.form(hasOwnTable: true), shownDefault: "the targets are scraped",
            "the samples of the targets are read from a Prometheus server; [see below](#source)"
        ).reading { fields, draft in
            if let field = fields["source"] { draft.source = section.read(field) }
            return true
        }
    }

    private var start: Setting<Draft> {
        Setting(
            names: ["start"], summary: "mapping of places to versions", shownDefault: .text("required with `places`"),
            sentence: "which place serves which version before the first rollout; later the journal knows",
            properties: [("start", .mapping(of: .scalar))],
            read: { fields, draft in
                guard fields.has("places") else {
                    if fields.has("start") {
                        fields.fail(
                            at: fields.namePlace("start"), "'start' goes with 'places'; 'pools' has the versions")
                    }
                    return true
                }
                guard let field = fields.required("start"), draft.pools.places != nil else { return false }
                let mutable = fields["versions"]?.value.member("mutable")?.value.content
                let allowsMutable = if case .text("true", .plain)? = mutable { true } else { false }
                return PlacesReader(pools: poolsReader(draft)).start(
                    field, into: &draft.pools, isLed: fields.has("steps"), allowsMutable: allowsMutable)
            },
            write: { draft in
                let versions = zip(draft.plan.places, [draft.plan.baseline.version, draft.plan.canary.version])
                let known = versions.filter { $0.1 != ReleasePlan.noVersion }
                return [("start", .mapping(known.map { ($0.0, .text($0.1)) }))]
            }
        ).written(if: \.hasPlaces)
    }

    private var procedure: Setting<Draft> {
        .optional(
            "plan", \Draft.plan.procedure, ProcedureReader(folder: folder).section.form(hasOwnTable: true),
            shownDefault: "traffic alone",
            "[what happens beside the traffic](../plans.md) in a rollback, and on the ways forward; [see below](#plan)")
    }

    private var indicators: Setting<Draft> {
        Setting.required(
            "indicators", \Draft.indicators, IndicatorsReader.section.form(hasOwnTable: true),
            "the series that are compared; [see below](#indicators)")
    }

    private var router: Setting<Draft> {
        Setting.required(
            "router", \Draft.plan.router, RouterReader(folder: folder, kinds: routers).form,
            "what splits the traffic; [see below](#router)"
        ).reading { fields, draft in
            let reader = RouterReader(folder: folder, kinds: routers, sides: draft.sides)
            guard let router = fields.required("router").flatMap(reader.form.read) else { return false }
            draft.plan.router = router
            return true
        }
    }

    private var fallback: Setting<Draft> {
        func section(_ deadlineMs: Int64, _ sides: SideNames? = nil) -> Section<FallbackPlan> {
            FallbackReader(folder: folder, routers: routers, deadlineMs: deadlineMs, sides: sides).section
        }
        return Setting.optional(
            "fallback", \Draft.plan.fallback, section(RollbackPlan().deadlineMs).form(),
            "a [second router](routers.md#a-second-router) that takes over when the first is not acknowledged in time"
        ).reading { fields, draft in
            let section = section(draft.plan.rollback.deadlineMs, draft.sides)
            draft.plan.fallback = fields["fallback"].flatMap { section.read($0) }
            return true
        }
    }

    private var drain: Setting<Draft> {
        func section(_ draft: Draft, _ indicators: Set<String>?) -> Section<DrainPlan> {
            DrainReader(
                rollback: draft.plan.rollback, intervalMs: draft.plan.scrape.intervalMs, indicators: indicators
            ).section
        }
        return Setting.optional(
            "drain", \Draft.plan.drain, section(Draft(.blank), nil).form(hasOwnTable: true),
            shownDefault: "all at once", "takes the traffic away in steps; [see below](#drain)"
        ).reading { fields, draft in
            let section = section(draft, IndicatorsReader.names(fields["indicators"]))
            draft.plan.drain = fields["drain"].flatMap { section.read($0) }
            return true
        }.writing { draft in
            let indicators: Set<String> = draft.plan.indicators.errors == nil ? [] : ["errors"]
            return draft.plan.drain.map { [("drain", section(draft, indicators).tree($0))] } ?? []
        }
    }

    private var proof: Setting<Draft> {
        // Without requests there is nothing to prove by, and the section would be refused.
        Setting.section(
            "proof", \Draft.plan.proof, RollbackReader.proof,
            "when the canary's traffic counts as gone; [see below](#rollback-and-proof)"
        ).withOwnTable.written { $0.plan.indicators.requests != nil }.reading { fields, draft in
            guard let field = fields["proof"] else { return true }
            if let names = IndicatorsReader.names(fields["indicators"]), !names.contains("requests") {
                field.fail("'proof' needs the indicator 'requests': that the canary's requests stop is the proof")
            }
            RollbackReader.proof.read(field, into: &draft.plan.proof)
            return true
        }
    }

    private var rules: Setting<Draft> {
        Setting(
            names: ["rules"], summary: "list of paths, patterns and groups", shownDefault: .required,
            sentence: "what is worse, and what follows; [see below](#rules)",
            properties: [
                ("rules", .array(of: .mapping(RuleFileReader.groupSection.schema, or: .typed("string")), least: 1))
            ],
            read: { fields, draft in
                let read = fields.required("rules").map { library.drafts($0) } ?? []
                // What is wrong with a definition has been reported there.
                let defined = fields["indicators"]?.value.member("own")?.value.memberNames ?? []
                draft.drafts = read.compactMap { $0.resolved(among: draft.plan.ownIndicators, defined: defined) }
                let checks = ReleaseChecks(
                    release: draft.plan.name, intervalMs: draft.plan.scrape.intervalMs,
                    indicators: IndicatorsReader.names(fields["indicators"]), latencyBounds: draft.plan.latencyBounds,
                    log: library.log)
                checks.check(draft.drafts)
                return true
            },
            write: { [("rules", .list(RuleFileReader.groups($0.plan.rules)))] })
    }
}

/// The steps, and what goes with them.
extension ReleaseReader {
    /// Of a part of a unit: what is about the unit is not in it.
    var partSchema: SchemaNode {
        var part = section
        let shared = Set(["name", "aa", "share_from"] + RolloutReader(folder: folder).settings.flatMap(\.names))
        part.settings.removeAll { !shared.isDisjoint(with: $0.names) }
        return .shared("part", part.schema)
    }

    private var rolloutSettings: [Setting<Draft>] {
        RolloutReader(folder: folder).settings.map { setting in
            setting.within(\Draft.rollout).written { $0.plan.rollout != nil }
        }
    }

    private func checkRollout(_ draft: inout Draft, _ fields: Fields) {
        let names = RolloutReader(folder: folder).settings.flatMap(\.names)
        guard fields.has("steps") else {
            for name in names where fields.has(name) {
                fields.fail(
                    at: fields.namePlace(name),
                    "'\(name)' is for a release with 'steps', and this one is only watched; add 'steps', or remove it")
            }
            return
        }
        guard let rollout = draft.rollout.whole else { return }
        draft.plan.rollout = rollout
        let router = draft.plan.router
        RolloutChecks(
            plan: draft.plan, rollout: rollout, rules: draft.drafts,
            indicators: IndicatorsReader.names(fields["indicators"]), tokens: tokens.tokens, fields: fields,
            isPart: isPart, router: routers.lazy.compactMap { $0.capabilities(of: router) }.first
        ).check()
    }
}

extension SchemaNode {
    /// A mapping of two free names.
    fileprivate static func two(_ value: SchemaNode) -> SchemaNode {
        .object([
            ("type", .text("object")), ("additionalProperties", value), ("minProperties", .number(2)),
            ("maxProperties", .number(2)),
        ])
    }
}

extension ReleaseReader.Draft {
    /// One client orders the share: steps, a router that reads a centre itself, or the centre through the daemon.
    fileprivate func refuseTwoSourcesOfShares(_ fields: Fields) {
        guard plan.shareFrom != nil else { return }
        if fields.has("steps") {
            fields["share_from"]?.fail(
                "'share_from' is for a release without 'steps', which order the share themselves; remove one of them")
        }
        if ["etcd", "consul"].contains(plan.router.kind) {
            fields["share_from"]?.fail(
                "a router of kind '\(plan.router.kind)' has its share in a centre already; write it there, and remove 'share_from'"
            )
        }
    }

    /// What the settings of routers may call their sides; nil with `pools`.
    fileprivate var sides: SideNames? {
        hasPlaces ? SideNames(baseline: plan.places[0], canary: plan.places[1]) : nil
    }

    /// Nil where nothing is relabelled.
    var relabelling: Relabelling? {
        get { plan.discovery.flatMap { $0.relabelling.steps.isEmpty ? nil : $0.relabelling } }
        set { plan.discovery?.relabelling = newValue ?? Relabelling() }
    }

    var pools: PoolsReader.Pair {
        get {
            PoolsReader.Pair(
                baseline: .init(plan: plan.baseline), canary: .init(plan: plan.canary),
                places: hasPlaces ? plan.places : nil)
        }
        set {
            (plan.baseline, plan.canary) = (newValue.baseline.plan, newValue.canary.plan)
            hasPlaces = newValue.places != nil
            if let places = newValue.places { plan.places = places }
        }
    }

    var indicators: IndicatorsReader.Draft {
        get {
            IndicatorsReader.Draft(
                list: plan.indicators, latencyBounds: plan.latencyBounds, own: plan.ownIndicators)
        }
        set {
            (plan.indicators, plan.latencyBounds) = (newValue.list, newValue.latencyBounds)
            plan.ownIndicators = newValue.own
        }
    }
}

/// Before a router has been read.
private struct NoRouter: RouterSettings {
    static let kind = ""
}

extension ReleasePlan {
    /// A release before anything of it has been read.
    static var blank: ReleasePlan {
        let pool = PoolPlan(version: "", targets: [])
        return ReleasePlan(
            name: "", baseline: pool, canary: pool, indicators: WatchList(),
            router: RouterPlan(NoRouter()), rules: [])
    }
}

/// `fallback`: a second router.
struct FallbackReader {
    let folder: ConfigurationFolder
    let routers: [any RouterKind.Type]
    let deadlineMs: Int64
    var sides: SideNames?

    var section: Section<FallbackPlan> {
        Section(
            owner: "'fallback'", blank: FallbackPlan(router: ReleasePlan.blank.router),
            settings: [
                .required(
                    "router", \.router, RouterReader(folder: folder, kinds: routers, sides: sides).form,
                    "a router of any kind"),
                .value(
                    "after", \.afterMs, .duration(), shownDefault: "`10s`, at most half the deadline",
                    "from the verdict to the takeover, shorter than `rollback.deadline`"),
            ],
            finish: { plan, fields in
                guard let afterMs = fields["after"]?.durationMs() else {
                    plan.afterMs = min(10_000, max(1, deadlineMs / 2))
                    return true
                }
                if afterMs >= deadlineMs {
                    fields["after"]?.fail(
                        "'after' must be shorter than 'deadline' of 'rollback', or no time is left to take over")
                }
                return true
            })
    }
}

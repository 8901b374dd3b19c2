import Declarations
import Model

/// How a release is led from its first share to all the traffic: `steps`, and what goes with them.
struct RolloutReader {
    struct Draft {
        /// Without its steps, which are made when everything has been read.
        var plan = RolloutPlan(steps: [])
        /// Nil for a release that is only watched.
        var steps: StepsReader.Draft?
        var calendar = CalendarPlan()

        init() {}

        init(_ plan: RolloutPlan) {
            self.plan = plan
            steps = StepsReader.Draft(plan)
            calendar = plan.calendar ?? CalendarPlan()
        }
    }

    let folder: ConfigurationFolder

    var settings: [Setting<Draft>] {
        [steps] + phases + conditions + CalendarReader.settings.map { $0.within(\.calendar) } + versions
    }

    private var steps: Setting<Draft> {
        .optional(
            "steps", \.steps, StepsReader(folder: folder).section.form(hasOwnTable: true),
            shownDefault: "the release is only watched",
            "how a new version is led to all the traffic; [see below](#steps). The fields from here to `version` go with it"
        )
    }

    private var phases: [Setting<Draft>] {
        [
            .section(
                "bake", \.plan.bake, Self.bake, "what follows the last step: both versions run, and rules judge"),
            .value(
                "on_busy", \.plan.onBusy, .choice(RolloutPlan.BusyPolicy.self),
                "what a second release meets while one is under way: `refuse`, `queue` (one waits, and ends as `aborted` where "
                    + "it is latched, serves everything or is older than what serves by then), or `supersede` (a higher "
                    + "version replaces the running one)"),
            Self.limit(
                "prepare", "expires", \.prepareExpiresMs, "how long a prepared place is kept for its deployment"),
            Self.limit(
                "checking", "max", \.checkingMaxMs,
                "how long the conditions of the start may be missing before the rollout is aborted"),
            Self.limit("release", "max", \.maxMs, "a rollout that is older halts"),
        ]
    }

    /// A mapping with one duration.
    private static func limit(
        _ name: String, _ field: String, _ path: WritableKeyPath<RolloutPlan, Int64>, _ sentence: String
    ) -> Setting<Draft> {
        .section(
            name, \.plan,
            Section(
                owner: "'\(name)'", blank: RolloutPlan(steps: []),
                settings: [.value(field, path, .duration(1_000...Amounts.longestMs), sentence)]),
            "limits of that part of a rollout")
    }

    static var bake: Section<BakePlan> {
        Section(
            owner: "'bake'", blank: BakePlan(),
            settings: [
                .value(
                    "for", \.forMs, .duration(Amounts.orZero), "how long the way back is kept before the roles turn"),
                .value(
                    "holdback", \.holdbackBasisPoints, .share(0...5_000),
                    "the share that the old version keeps meanwhile, as a control group: with it, rules that compare "
                        + "the versions can still judge"),
            ])
    }

    private var conditions: [Setting<Draft>] {
        [
            .optional(
                "min_ready", \.plan.minReady, .integer(1...PoolsReader.targetLimit), shownDefault: "all",
                "targets of the new place that have to answer before the first step"),
            .value(
                "capacity", \.plan.checksCapacity, Self.flag("check", "ignore"),
                "`check`: the next share may be at most 1.5 times the canary's targets by the baseline's; `ignore` for "
                    + "targets that do not count instances of equal size"),
            .value(
                "share_check", \.plan.checksShare, Self.flag("halt", "warn"),
                "what follows when the requests of the versions are not split as the router says; `warn` where it "
                    + "splits by cookie"),
            .value(
                "warmup", \.plan.warmupMs, .duration(Amounts.orZero),
                "the latency of a process that is younger is left out of the comparison; its errors count"),
        ]
    }

    /// Two names for true and false.
    private static func flag(_ yes: String, _ no: String) -> ValueForm<Bool> {
        ValueForm<String>.choice([yes, no]).mapped({ name, _ in name == yes }, back: { $0 ? yes : no })
    }

    private var versions: [Setting<Draft>] {
        [
            .section(
                "versions", \.plan,
                Section(
                    owner: "'versions'", blank: RolloutPlan(steps: []),
                    settings: [
                        .value(
                            "mutable", \.allowsMutableVersions, .bool,
                            "takes `latest`, `stable`, `main` and the like as versions. A version that failed is "
                                + "remembered by its name, and such a name means another build tomorrow")
                    ]),
                "which names of versions are taken"),
            .optional(
                "version", \.plan.versionLabel, Self.label.form(), shownDefault: "not checked",
                "where a target says which version it runs; another one than expected halts the rollout"),
        ]
    }

    private static var label: Section<VersionLabel> {
        Section(
            owner: "'version'", blank: VersionLabel(metric: "", label: "version"),
            settings: [
                .required("metric", \.metric, name("metric", allowsColon: true), "a series such as `app_build_info`"),
                .value("label", \.label, name("label", allowsColon: false), "its label with the version"),
            ])
    }

    private static func name(_ what: String, allowsColon: Bool) -> ValueForm<String> {
        ValueForm.line(limit: 200, "name").checked { name, field in
            let plain = allowsColon ? String(name.map { $0 == ":" ? "_" : $0 }) : name
            if NameRules.isVariable(plain) { return name }
            field.fail(
                "\(Quote.value(name)) is not the name of a \(what): letters, digits and '_', not beginning with a digit"
            )
            return nil
        }
    }
}

extension RolloutReader.Draft {
    /// Nil for a release that is only watched.
    var whole: RolloutPlan? {
        guard let steps else { return nil }
        var whole = plan
        whole.steps = steps.steps(holdback: plan.bake.holdbackBasisPoints)
        whole.stepDeadlineMs = steps.deadlineMs
        whole.calendar = calendar.windows.isEmpty && calendar.blackouts.isEmpty ? nil : calendar
        return whole
    }
}

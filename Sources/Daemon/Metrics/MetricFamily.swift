package import Telemetry

/// What the daemon exports about itself.
extension MetricFamily {
    /// From a loopback call to a slow router.
    private static let callBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
    /// From a step of the kernel to a stall.
    private static let lagBounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5]
    /// From a router that answers at once to one that is waited for.
    private static let stepBounds = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60]
    /// From a verdict to an acknowledgement.
    private static let rollbackBounds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300]

    static let buildInfo = MetricFamily(
        "rollguard_build_info", .gauge, ["version", "commit"], "1, with the version and the commit of the build.")
    static let scrapes = MetricFamily(
        "rollguard_scrapes_total", .counter, ["release", "pool", "result"], "Scrapes, by result: success or failure.")
    static let scrapeSeconds = MetricFamily(
        "rollguard_scrape_duration_seconds", .histogram(callBounds), ["release", "pool"],
        "Time from a scrape's request to its reading.")
    static let scrapeBytes = MetricFamily(
        "rollguard_scrape_body_bytes_total", .counter, ["release", "pool"], "Bytes of scrape bodies read, decompressed."
    )
    static let scrapeSamples = MetricFamily(
        "rollguard_scrape_samples", .gauge, ["release", "pool"], "Samples in the pool's last scrape bodies.")
    static let watchedSeries = MetricFamily(
        "rollguard_watched_series", .gauge, ["release", "pool"], "Series that indicators matched in the last scrape.")
    static let cycles = MetricFamily("rollguard_cycles_total", .counter, ["release"], "Scrape cycles done.")
    static let cyclesSkipped = MetricFamily(
        "rollguard_cycles_skipped_total", .counter, ["release"],
        "Scrape cycles that fell out because the one before took too long.")
    static let cycleSeconds = MetricFamily(
        "rollguard_cycle_duration_seconds", .histogram(callBounds), ["release"],
        "Time of a scrape cycle, from its first request to its verdicts.")
    static let cycleLag = MetricFamily(
        "rollguard_cycle_lag_seconds", .histogram(lagBounds), ["release"],
        "How late a scrape cycle began, by its schedule.")
    static let decisionSeconds = MetricFamily(
        "rollguard_decision_duration_seconds", .histogram(lagBounds), ["release"],
        "Time that a cycle's verdicts took.")
    static let targets = MetricFamily(
        "rollguard_targets", .gauge, ["release", "pool", "state"], "Targets, by whether their last scrape worked.")
    static let discoveryTargets = MetricFamily(
        "rollguard_discovery_targets", .gauge, ["release", "source"], "Targets of the source that are in force.")
    static let discoverySuccessTime = MetricFamily(
        "rollguard_discovery_last_success_timestamp_seconds", .gauge, ["release", "source"],
        "When the source last gave a list that can be used, seconds since the epoch.")
    static let discoveryStale = MetricFamily(
        "rollguard_discovery_stale", .gauge, ["release", "source"],
        "1 while the source has given no list for five refreshes, and for two minutes at the least.")
    static let discoveryHeld = MetricFamily(
        "rollguard_discovery_held", .gauge, ["release", "source"],
        "1 while a list is held back because a pool would lose more than half of its targets.")
    static let discoveryAnswers = MetricFamily(
        "rollguard_discovery_answers_total", .counter, ["release", "source", "result"],
        "Times that the source was read, by result: success or failure.")
    static let discoveryDropped = MetricFamily(
        "rollguard_discovery_dropped_targets", .gauge, ["release"],
        "Targets of the sources that are in no pool.")
    static let requestRate = MetricFamily(
        "rollguard_request_rate", .gauge, ["release", "pool", "version"], "Requests per second in the shortest window.")
    static let errorRatio = MetricFamily(
        "rollguard_error_ratio", .gauge, ["release", "pool", "version"],
        "Failed requests by requests in the shortest window, 0 to 1.")
    static let latencyP99 = MetricFamily(
        "rollguard_latency_p99_seconds", .gauge, ["release", "pool", "version"],
        "99th percentile of latency in the shortest window.")
    static let indicatorValue = MetricFamily(
        "rollguard_indicator_value", .gauge, ["release", "pool", "version", "indicator"],
        "An indicator of the release's own in the shortest window, in its base unit.")
    static let canaryShare = MetricFamily(
        "rollguard_canary_share", .gauge, ["release"], "The canary's share of the traffic as last read back, 0 to 1.")
    static let routerUsable = MetricFamily(
        "rollguard_router_usable", .gauge, ["release"],
        "1 while nothing speaks against the router taking a change, 0 when its last poll failed or says that it would "
            + "refuse one.")
    static let verdicts = MetricFamily(
        "rollguard_verdicts_total", .counter, ["release", "rule", "verdict"],
        "Verdicts of rules: healthy, breached or inconclusive.")
    static let alerts = MetricFamily(
        "rollguard_alerts", .gauge, ["release", "rule", "state"], "1 for the state that the rule's alert is in.")
    static let evidence = MetricFamily(
        "rollguard_evidence_log", .gauge, ["release", "rule"],
        "Natural logarithm of a regression rule's evidence that the canary is worse; 0 is none.")
    static let evidenceMax = MetricFamily(
        "rollguard_evidence_max_log", .gauge, ["release", "rule"], "The largest of it in this release.")
    static let evidenceBar = MetricFamily(
        "rollguard_evidence_bar_log", .gauge, ["release", "rule"], "What it has to pass for the rule to fire.")
    static let evidenceNeeded = MetricFamily(
        "rollguard_evidence_requests_needed", .gauge, ["release", "rule"],
        "Requests of both pools until the bar is expected to be passed, at the ratio seen.")
    static let evidenceDispersion = MetricFamily(
        "rollguard_evidence_dispersion", .gauge, ["release", "rule"],
        "How many times fewer independent bad requests there are than were counted.")
    static let evidenceSafe = MetricFamily(
        "rollguard_evidence_safe", .gauge, ["release", "rule"],
        "1 when the canary is shown to be at most so many times as bad as the rule's safe ratio says.")
    static let evidenceRequests = MetricFamily(
        "rollguard_evidence_requests", .gauge, ["release", "rule", "pool"],
        "Requests since the release began, as a regression rule counts them.")
    static let evidenceBad = MetricFamily(
        "rollguard_evidence_bad_requests", .gauge, ["release", "rule", "pool"],
        "Those of them that are bad in the rule's most telling comparison.")
    static let evidenceRatio = MetricFamily(
        "rollguard_evidence_ratio", .gauge, ["release", "rule", "bound"],
        "The canary's rate of bad requests by the baseline's in that comparison: seen, and the low and high end of its interval."
    )
    static let evidenceDetectable = MetricFamily(
        "rollguard_evidence_detectable_ratio", .gauge, ["release", "rule", "within"],
        "The smallest such ratio that the present traffic can show within a time, as in 1m.")
    static let selfCheckRuns = MetricFamily(
        "rollguard_self_check_runs_total", .counter, ["release", "rule"],
        "Runs of a regression rule on two halves of the baseline.")
    static let selfCheckFalseAlarms = MetricFamily(
        "rollguard_self_check_false_alarms_total", .counter, ["release", "rule"],
        "Those of them that the rule took for a regression.")
    static let releasePhase = MetricFamily(
        "rollguard_release_phase", .gauge, ["release", "phase"], "1 for the phase that the release is in.")
    static let rolloutState = MetricFamily(
        "rollguard_rollout_state", .gauge, ["release", "state"],
        "1 for the state that the release's rollout is in; none between rollouts.")
    static let rolloutStep = MetricFamily(
        "rollguard_rollout_step", .gauge, ["release"], "The step whose share is in force; 0 before the first.")
    static let rolloutSteps = MetricFamily(
        "rollguard_rollout_steps", .gauge, ["release"], "Steps of the rollout.")
    static let rolloutShare = MetricFamily(
        "rollguard_rollout_share", .gauge, ["release"], "The share of the step that is in force, 0 to 1.")
    static let rolloutGate = MetricFamily(
        "rollguard_rollout_gate_open", .gauge, ["release", "gate"],
        "1 when the gate of the present step was open in the last cycle.")
    static let rolloutHalted = MetricFamily(
        "rollguard_rollout_halted", .gauge, ["release", "reason"], "1 while the rollout is halted for the reason.")
    static let rolloutPaused = MetricFamily(
        "rollguard_rollout_paused", .gauge, ["release"], "1 while an operator has paused the rollout.")
    static let frozen = MetricFamily(
        "rollguard_release_frozen", .gauge, ["release"], "1 while nothing of the release may go up.")
    static let rolloutLastEnd = MetricFamily(
        "rollguard_rollout_last_end", .gauge, ["release", "end"], "1 for how the newest rollout ended.")
    static let rollbackSteps = MetricFamily(
        "rollguard_rollback_steps_total", .counter, ["release", "step"],
        "Steps that rollbacks reached: durable, applied, observed, proven, acknowledged, abandoned, held, dry_run, drift."
    )
    static let rollbackSeconds = MetricFamily(
        "rollguard_rollback_duration_seconds", .histogram(rollbackBounds), ["release"],
        "Time from the verdict to the acknowledgement.")
    static let rollbackStepSeconds = MetricFamily(
        "rollguard_rollback_step_duration_seconds", .histogram(stepBounds), ["release", "step"],
        "Time from the deciding scrape to a step: durable, applied, observed, proven, fallback.")
    static let planSteps = MetricFamily(
        "rollguard_plan_steps", .gauge, ["release", "state"],
        "Steps of the plan of the newest rollback, by the state that they are in.")
    static let planStepSeconds = MetricFamily(
        "rollguard_plan_step_seconds", .histogram(rollbackBounds), ["release", "kind"],
        "Time from the moment at which a step of a plan acted to its proof, its end without one, or its failure.")
    static let plansStuck = MetricFamily(
        "rollguard_plans_stuck", .gauge, ["release"],
        "1 while the plan of the newest rollback waits for an operator or has passed its deadline.")
    static let routerCalls = MetricFamily(
        "rollguard_router_calls_total", .counter, ["release", "call", "outcome"],
        "Calls of the router: apply (accepted or failed) and observe (read or unread).")
    static let routerSeconds = MetricFamily(
        "rollguard_router_call_duration_seconds", .histogram(callBounds), ["release", "call"],
        "Time of a call of the router, all instances.")
    static let outbox = MetricFamily(
        "rollguard_outbox_deliveries", .gauge, ["state"], "Deliveries in the outbox: waiting, delivered or dead.")
    static let appendSeconds = MetricFamily(
        "rollguard_journal_append_duration_seconds", .histogram(callBounds), [],
        "Time to make a batch of journal entries durable.")
    static let appendFailures = MetricFamily(
        "rollguard_journal_append_failures_total", .counter, [], "Appends that failed and were tried again.")
    static let reloads = MetricFamily(
        "rollguard_reloads_total", .counter, ["result"], "Reloads of the configuration: success or failure.")
    static let reloadSuccessful = MetricFamily(
        "rollguard_config_last_reload_successful", .gauge, [],
        "1 when the last reload of the configuration worked, else 0.")
    static let reloadSuccessTime = MetricFamily(
        "rollguard_config_last_reload_success_timestamp_seconds", .gauge, [],
        "When the configuration in force was read, seconds since the epoch.")
    static let centreReadTime = MetricFamily(
        "rollguard_centre_last_read_timestamp_seconds", .gauge, ["centre"],
        "When the configuration centre was last read whole, seconds since the epoch.")
    static let centreInForce = MetricFamily(
        "rollguard_centre_in_force", .gauge, ["centre"],
        "1 while what the configuration centre holds is in force; 0 while it cannot be read, is refused, or is held back by an order."
    )
    static let centreBrake = MetricFamily(
        "rollguard_centre_brake", .gauge, ["centre", "order"],
        "1 while an operator's order against the centre is in force on this host: `pinned`, `detached`.")
    static let centreManifestRevision = MetricFamily(
        "rollguard_centre_manifest_revision", .gauge, ["centre"],
        "Revision of the manifest whose files are in force.")
    static let replicas = MetricFamily(
        "rollguard_replicas", .gauge, [], "Daemons that watch the same releases and whose leases have not ended.")
    static let replicaLeads = MetricFamily(
        "rollguard_replica_leads", .gauge, [], "1 while this replica leads, else 0.")
    static let replicaLeaderKnown = MetricFamily(
        "rollguard_replica_leader_known", .gauge, [],
        "1 while this replica knows of a leader; 0 while none leads or the lease store cannot be read.")
    static let replicaToken = MetricFamily(
        "rollguard_replica_leader_token", .gauge, [],
        "Fencing token of the leader's lease, which grows from leader to leader; 0 without one.")
    static let replicaStoreUsable = MetricFamily(
        "rollguard_replica_store_usable", .gauge, [], "1 while the lease store answers, else 0.")
    static let fleetMembers = MetricFamily(
        "rollguard_fleet_members", .gauge, [], "Members of the fleet whose leases have not ended.")
    static let fleetShards = MetricFamily(
        "rollguard_fleet_shards", .gauge, ["state"],
        "Shards of the fleet that have releases, by state: steady, moving or unwatched.")
    static let fleetMoves = MetricFamily(
        "rollguard_fleet_moves_total", .counter, [],
        "Shards that an assignment gave to a member that did not have them, since the start.")
    static let fleetOverloaded = MetricFamily(
        "rollguard_fleet_overloaded", .gauge, [], "1 while the targets are more than the members may watch, else 0.")
    static let startTime = MetricFamily(
        "process_start_time_seconds", .gauge, [], "When the process started, seconds since the epoch.")
    static let cpuSeconds = MetricFamily("process_cpu_seconds_total", .counter, [], "CPU time, user and system.")
    static let residentBytes = MetricFamily("process_resident_memory_bytes", .gauge, [], "Resident memory.")

    /// In the order of the scrape body.
    package static let all: [MetricFamily] = [
        buildInfo, scrapes, scrapeSeconds, scrapeBytes, scrapeSamples, watchedSeries, cycles, cyclesSkipped,
        cycleSeconds, cycleLag, decisionSeconds, targets, discoveryTargets, discoverySuccessTime, discoveryStale,
        discoveryHeld, discoveryAnswers, discoveryDropped, requestRate, errorRatio, latencyP99, indicatorValue,
        canaryShare,
        routerUsable, verdicts, alerts, evidence, evidenceMax, evidenceBar, evidenceNeeded, evidenceDispersion,
        evidenceSafe,
        evidenceRequests, evidenceBad, evidenceRatio, evidenceDetectable, selfCheckRuns, selfCheckFalseAlarms,
        releasePhase, rolloutState, rolloutStep, rolloutSteps, rolloutShare, rolloutGate, rolloutHalted, rolloutPaused,
        frozen, rolloutLastEnd, rollbackSteps, rollbackSeconds, rollbackStepSeconds, planSteps, planStepSeconds,
        plansStuck, routerCalls, routerSeconds, outbox,
        appendSeconds, appendFailures, reloads, reloadSuccessful, reloadSuccessTime, centreReadTime, centreInForce,
        centreBrake, centreManifestRevision, replicas, replicaLeads, replicaLeaderKnown, replicaToken,
        replicaStoreUsable, fleetMembers, fleetShards, fleetMoves, fleetOverloaded,
        startTime, cpuSeconds, residentBytes,
    ]
}

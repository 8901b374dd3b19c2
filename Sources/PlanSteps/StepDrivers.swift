package import Model
package import Ports
import SystemSupport

/// What drivers of steps are made of.
package struct StepSetup: Sendable {
    package let transport: any HTTPTransport
    /// Where it is written down which programs run; nil for a daemon without files of its own.
    package let directory: String?
    /// Nil for a daemon that talks to no broker.
    package let brokers: (any BrokerTransport)?
    /// Publishes an event by the receiver of that name.
    package let publish: @Sendable (String, PlanEvent) async -> DeliveryOutcome
    /// Milliseconds since the epoch.
    package let wallMs: @Sendable () -> Int64
    /// For what does not go through the transport; nil for none.
    package var secrets: (any SecretStore)?
    package var clock: any DaemonClock = SystemClock()
    /// What the ids of events begin with: the journal's identity, or that of the group of daemons.
    package var eventPrefix = ""
    /// The targets that a release has now; nil for an unknown one.
    package var targets: @Sendable (_ release: String) async -> StepTargets? = { _ in nil }

    package init(
        transport: any HTTPTransport, directory: String?, brokers: (any BrokerTransport)? = nil,
        publish: @escaping @Sendable (String, PlanEvent) async -> DeliveryOutcome = { name, _ in
            .refused(reason: "there is no receiver \(name)")
        },
        wallMs: @escaping @Sendable () -> Int64 = { 0 }
    ) {
        self.transport = transport
        self.directory = directory
        self.brokers = brokers
        self.publish = publish
        self.wallMs = wallMs
    }
}

/// The targets of a release, and how they are read.
package struct StepTargets: Sendable {
    package var targets: [Pool: [TargetPlan]]
    package var security: ClientSecurity

    package init(targets: [Pool: [TargetPlan]], security: ClientSecurity = ClientSecurity()) {
        self.targets = targets
        self.security = security
    }
}

/// Finds the driver of a step by its kind.
package struct StepDrivers: StepDriver {
    private let exec: ExecStepDriver
    private let http: HTTPStepDriver
    private let flag: FlagStepDriver
    private let consumers: ConsumersStepDriver
    private let event: EventStepDriver
    private let backup: BackupStepDriver
    private let workload: WorkloadStepDriver

    package init(_ setup: StepSetup) {
        exec = ExecStepDriver(runs: setup.directory.map { ProgramRuns(directory: $0 + "/steps") })
        let calls = StepRequests(transport: setup.transport)
        http = HTTPStepDriver(calls: calls)
        flag = FlagStepDriver(
            calls: calls, clock: setup.clock, secrets: setup.secrets, exec: exec, targets: setup.targets)
        consumers = ConsumersStepDriver(calls: calls, brokers: setup.brokers, wallMs: setup.wallMs)
        event = EventStepDriver(publish: setup.publish, wallMs: setup.wallMs, prefix: setup.eventPrefix)
        backup = BackupStepDriver(runs: exec.runs)
        workload = WorkloadStepDriver(exec: exec, calls: calls)
    }

    package func readSchema(_ gate: SchemaGate, release: String) async -> SchemaReport {
        await SchemaReader(exec: exec).read(gate, release: release)
    }

    package func plan(_ call: StepCall) -> String {
        switch call.step.work {
        case .exec(let work): exec.plan(work)
        case .http(let work): http.plan(work)
        case .flag(let work): flag.plan(work)
        case .consumers(let work): consumers.plan(work)
        case .event(let receiver): event.plan(receiver, call)
        case .backup(let work): backup.plan(work)
        case .workload(let work): workload.plan(work, call)
        case .person(let text): "by hand: \(text)"
        }
    }

    package func run(_ call: StepCall) async -> StepAnswer {
        switch call.step.work {
        case .exec(let work): await exec.run(work, call)
        case .http(let work): await http.run(work, call)
        case .flag(let work): await flag.run(work, call)
        case .consumers(let work): await consumers.run(work, call)
        case .event(let receiver): await event.run(receiver, call)
        case .backup(let work): await backup.run(work, call)
        case .workload(let work): await workload.run(work, call)
        case .person: .refused("it is done by hand")
        }
    }

    package func check(_ call: StepCall) async -> StepAnswer {
        if call.wantsValue { return await value(call) }
        return switch call.step.work {
        case .exec(let work): await exec.check(work, call)
        case .http(let work): await http.check(work, call)
        case .flag(let work): await flag.check(work, call)
        case .consumers(let work): await consumers.check(work, call)
        case .event: .unreadable("what was published is not read back")
        case .backup(let work): await backup.check(work, call)
        case .workload(let work): await workload.check(work, call)
        case .person: .unreadable("only whoever does it knows")
        }
    }

    /// What the step is about to change, for its undo.
    private func value(_ call: StepCall) async -> StepAnswer {
        guard let work = call.step.work.flag else { return .unreadable("a step of this kind changes no value") }
        return await flag.value(work, call)
    }
}

package import Model
package import Ports
import SystemSupport

/// What drivers of steps are made of.
package struct StepSetup: Sendable {
    package let transport: any HTTPTransport
    /// Where it is written down which programs run; nil for a daemon without files of its own.
    package let directory: String?
    /// For what does not go through the transport; nil for none.
    package var secrets: (any SecretStore)?
    package var clock: any DaemonClock = SystemClock()
    /// The targets that a release has now; nil for an unknown one.
    package var targets: @Sendable (_ release: String) async -> StepTargets? = { _ in nil }

    package init(transport: any HTTPTransport, directory: String?) {
        self.transport = transport
        self.directory = directory
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

    package init(_ setup: StepSetup) {
        exec = ExecStepDriver(runs: setup.directory.map { ProgramRuns(directory: $0 + "/steps") })
        let calls = StepRequests(transport: setup.transport)
        http = HTTPStepDriver(calls: calls)
        flag = FlagStepDriver(
            calls: calls, clock: setup.clock, secrets: setup.secrets, exec: exec, targets: setup.targets)
    }

    package func readSchema(_ gate: SchemaGate, release: String) async -> SchemaReport {
        await SchemaReader(exec: exec).read(gate, release: release)
    }

    package func plan(_ call: StepCall) -> String {
        switch call.step.work {
        case .exec(let work): exec.plan(work)
        case .http(let work): http.plan(work)
        case .flag(let work): flag.plan(work)
        case .person(let text): "by hand: \(text)"
        }
    }

    package func run(_ call: StepCall) async -> StepAnswer {
        switch call.step.work {
        case .exec(let work): await exec.run(work, call)
        case .http(let work): await http.run(work, call)
        case .flag(let work): await flag.run(work, call)
        case .person: .refused("it is done by hand")
        }
    }

    package func check(_ call: StepCall) async -> StepAnswer {
        switch call.step.work {
        case .exec(let work): await exec.check(work, call)
        case .http(let work): await http.check(work, call)
        case .flag(let work): await flag.check(work, call)
        case .person: .unreadable("only whoever does it knows")
        }
    }
}

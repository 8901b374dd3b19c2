package import Model
package import Ports

/// What drivers of steps are made of.
package struct StepSetup: Sendable {
    package let transport: any HTTPTransport
    /// Where it is written down which programs run; nil for a daemon without files of its own.
    package let directory: String?

    package init(transport: any HTTPTransport, directory: String?) {
        self.transport = transport
        self.directory = directory
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
        flag = FlagStepDriver(calls: calls)
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
        if call.wantsValue { return await value(call) }
        return switch call.step.work {
        case .exec(let work): await exec.check(work, call)
        case .http(let work): await http.check(work, call)
        case .flag(let work): await flag.check(work, call)
        case .person: .unreadable("only whoever does it knows")
        }
    }

    /// What the step is about to change, for its undo.
    private func value(_ call: StepCall) async -> StepAnswer {
        guard let work = call.step.work.flag else { return .unreadable("a step of this kind changes no value") }
        return await flag.value(work, call)
    }
}

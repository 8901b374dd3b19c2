import Foundation
import Model
import Support

/// Sets what runs to what the baseline needs. The values are absolute, so a repetition changes nothing.
struct WorkloadStepDriver: Sendable {
    let exec: ExecStepDriver
    let calls: StepRequests

    func plan(_ work: WorkloadWork, _ call: StepCall) -> String {
        let work = work.resolved(call)
        return switch work.tool {
        case .kubernetes: KubernetesWorkload(work: work, call: call, calls: calls).plan
        case .nomad: NomadWorkload(work: work, call: call, calls: calls).plan
        case .systemd, .ansible: exec.plan(program(work))
        }
    }

    func run(_ work: WorkloadWork, _ call: StepCall) async -> StepAnswer {
        let work = work.resolved(call)
        do throws(AnswerFailure) {
            switch work.tool {
            case .kubernetes: return try await KubernetesWorkload(work: work, call: call, calls: calls).run()
            case .nomad: return try await NomadWorkload(work: work, call: call, calls: calls).run()
            case .systemd: return await restart(work, call)
            case .ansible: return await play(work, call)
            }
        } catch { return error.answer }
    }

    func check(_ work: WorkloadWork, _ call: StepCall) async -> StepAnswer {
        let work = work.resolved(call)
        do throws(AnswerFailure) {
            switch work.tool {
            case .kubernetes: return try await KubernetesWorkload(work: work, call: call, calls: calls).check()
            case .nomad: return try await NomadWorkload(work: work, call: call, calls: calls).check()
            case .systemd: return await checkUnit(work, call)
            case .ansible: return await askForVersion(work, call) ?? .unreadable("nothing but its own run shows it")
            }
        } catch { return error.answer }
    }

    // MARK: Programs

    private func program(_ work: WorkloadWork) -> ExecWork {
        var program = ExecWork(environmentFile: work.environmentFile)
        if work.tool == .systemd {
            program.command = [work.program ?? "/usr/bin/systemctl", "restart", work.unit ?? ""]
            return program
        }
        program.command = [work.program ?? "/usr/bin/ansible-playbook"]
        if let inventory = work.inventory { program.command += ["-i", inventory] }
        if let limit = work.limit { program.command += ["--limit", limit] }
        for variable in work.variables { program.command += ["-e", "\(variable.name)=\(variable.value)"] }
        program.command.append(work.playbook ?? "")
        // Its recap is read.
        program.environment = [TextPair("ANSIBLE_STDOUT_CALLBACK", "default"), TextPair("ANSIBLE_NOCOLOR", "1")]
        return program
    }

    private func restart(_ work: WorkloadWork, _ call: StepCall) async -> StepAnswer {
        let answer = await exec.run(program(work), call)
        guard case .failed(let text) = answer, text.contains("start-limit-hit") || text.contains("too quickly") else {
            return answer
        }
        return .failed("\(text); `systemctl reset-failed \(work.unit ?? "")` lets it start again")
    }

    /// `is-active` says that the process runs; which version it is, the application says.
    private func checkUnit(_ work: WorkloadWork, _ call: StepCall) async -> StepAnswer {
        var program = program(work)
        program.command[1] = "is-active"
        switch await exec.output(of: program.command, program, call) {
        case .failure(let failure): return .unreadable(failure.text)
        case .success(let ending):
            let text = "\(work.unit ?? "") is\(exec.said(ending.output).dropFirst())"
            switch ending.status {
            case 0: return await askForVersion(work, call) ?? .proved(text)
            case 3: return .notProved(text)
            default: return .unreadable("\(program.command[0]) ended with \(ending.status)\(exec.said(ending.output))")
            }
        }
    }

    private func askForVersion(_ work: WorkloadWork, _ call: StepCall) async -> StepAnswer? {
        guard let proof = work.proof else { return nil }
        return await HTTPStepDriver(calls: calls).check(HTTPWork(request: proof.request, proof: proof), call)
    }

    /// 2: a host has failed; 4: one was not reached; 1 and others: it could not begin.
    private func play(_ work: WorkloadWork, _ call: StepCall) async -> StepAnswer {
        let program = program(work)
        switch await exec.output(of: program.command, program, call) {
        case .failure(let failure): return failure.answer
        case .success(let ending):
            let text = "\(program.command[0]) ended with \(ending.status)\(exec.said(ending.output))"
            switch ending.status {
            case 0:
                guard let obstacle = AnsibleOutput(text: ending.output).obstacle else { return .done(text) }
                return .failed("\(obstacle)\(exec.said(ending.output))")
            case 2: return .failed("a host has failed: \(text)")
            case 4: return .failed("a host was not reached: \(text)")
            case 1, 5: return .refused(text)
            default: return .failed(text)
            }
        }
    }
}

/// What a run of a playbook that ended with 0 has done.
struct AnsibleOutput {
    let text: String

    /// Why it did nothing: a pattern that matches no host is no error for it. Nil when it did something.
    var obstacle: String? {
        if text.contains("skipping: no hosts matched") { return "a play has matched no host" }
        let lines = text.split(whereSeparator: \.isNewline)
        guard let recap = lines.lastIndex(where: { $0.hasPrefix("PLAY RECAP") }) else {
            return "it has no recap, so what it did is not known"
        }
        return lines[(recap + 1)...].contains { $0.contains("ok=") } ? nil : "no host was part of it"
    }
}

extension WorkloadWork {
    /// With the versions in the place of `{baseline}` and `{canary}`.
    func resolved(_ call: StepCall) -> WorkloadWork {
        func text(_ pattern: String?) -> String? {
            pattern?.replacing("{baseline}", with: call.baselineVersion).replacing("{canary}", with: call.canaryVersion)
        }
        var work = self
        work.deployment = text(deployment)
        work.image = text(image)
        work.job = text(job)
        work.unit = text(unit)
        work.limit = text(limit)
        work.variables = variables.map { TextPair($0.name, text($0.value) ?? "") }
        work.proof?.request.url = text(proof?.request.url) ?? ""
        work.proof?.contains = text(proof?.contains)
        work.proof?.equals = text(proof?.equals)
        return work
    }
}

/// A part of a path, escaped.
enum PathPart {
    static func escaped(_ text: String) -> String {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}

/// A JSON object of an API.
struct APIObject {
    let value: [String: Any]

    func text(_ pointer: String) -> String? { JSONPlace.text(in: value, at: pointer) }

    func number(_ pointer: String) -> Int? { text(pointer).flatMap { Int($0) } }

    /// Whether both are the same JSON value.
    static func areEqual(_ left: Any?, _ right: Any?) -> Bool {
        func written(_ value: Any?) -> Data? {
            value.flatMap {
                try? JSONSerialization.data(withJSONObject: $0, options: [.sortedKeys, .fragmentsAllowed])
            }
        }
        guard let left = written(left), let right = written(right) else { return false }
        return left == right
    }

    static func json(_ value: Any) -> String {
        let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

extension StepRequests {
    /// Reads a JSON value; anything but an answer 200 to 299 with JSON is a failure.
    func json(_ url: String, _ work: WorkloadWork, _ call: StepCall) async throws(AnswerFailure) -> Any {
        let request = StepRequest(
            method: "GET", url: url, headers: [TextPair("Accept", "application/json")], security: work.security)
        switch await read(request, timeoutMs: call.step.timeoutMs) {
        case .failure(let failure): throw failure
        case .success(let response):
            guard (200...299).contains(response.status) else {
                let said = String(decoding: response.body.prefix(300), as: UTF8.self)
                throw AnswerFailure(.unreadable("\(StepRequests.shown(request)) answered \(response.status): \(said)"))
            }
            guard let value = try? JSONSerialization.jsonObject(with: Data(response.body), options: .fragmentsAllowed)
            else { throw AnswerFailure(.unreadable("\(StepRequests.shown(request)) answered no JSON")) }
            return value
        }
    }

    func object(_ url: String, _ work: WorkloadWork, _ call: StepCall) async throws(AnswerFailure) -> APIObject {
        guard let object = try await json(url, work, call) as? [String: Any] else {
            throw AnswerFailure(.unreadable("\(Redaction.url(url)) answered no JSON object"))
        }
        return APIObject(value: object)
    }
}

extension AnswerFailure {
    /// Of what was read before anything was changed: another try may succeed.
    var beforeChange: AnswerFailure {
        if case .unreadable(let text) = answer { AnswerFailure(.failed(text)) } else { self }
    }
}

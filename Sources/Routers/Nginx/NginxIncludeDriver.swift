import Model
import Ports

/// nginx by a generated include: written by rename, checked with `nginx -t`, loaded with `nginx -s reload`.
///
/// `nginx -s reload` ends before the workers have changed, so `apply` waits until a worker shows the new state at the
/// include's own location. Old workers may still finish requests then; the canary's traffic proves the rest.
///
/// Source: nginx documentation, "Controlling nginx", ngx_http_split_clients_module, ngx_http_upstream_module.
struct NginxIncludeDriver: RouterDriver {
    let capabilities: RouterCapabilities
    let instances: [String]

    private let members: [Member]
    private let include: NginxInclude
    private let host: any NginxHost
    private let aim: RouterAim
    private let transport: any HTTPTransport

    private struct Member: Sendable {
        let plan: NginxIncludePlan.Instance
        let state: InstanceAddress
    }

    init(
        plan: NginxIncludePlan, release: String, transport: any HTTPTransport, host: any NginxHost = LocalNginxHost(),
        aim: RouterAim = .direct
    ) throws(RouterPlanError) {
        guard !plan.instances.isEmpty else { throw RouterPlanError("no include file is named") }
        var members: [Member] = []
        for instance in plan.instances {
            try NginxIncludeDriver.check(instance)
            guard !members.contains(where: { $0.plan.file == instance.file }) else {
                throw RouterPlanError("the include \(instance.file) is named twice")
            }
            members.append(Member(plan: instance, state: try InstanceAddress(instance.stateURL)))
        }
        self.members = members
        include = try NginxInclude(plan.content, release: release, aim: aim)
        instances = members.map(\.plan.file)
        self.host = host
        self.aim = aim
        self.transport = transport
        capabilities = RouterCapabilities(
            readBack: .loaded, movesStickyClients: true, granularityBasisPoints: include.granularityBasisPoints,
            growth: include.growth, keeps: .everything)
    }

    private static func check(_ instance: NginxIncludePlan.Instance) throws(RouterPlanError) {
        guard instance.file.hasPrefix("/"), instance.file == ShownText.line(instance.file, limit: 1_000) else {
            throw RouterPlanError(
                "the include \"\(ShownText.line(instance.file, limit: 80))\" must be an absolute path")
        }
        guard let program = instance.command.first, program.hasPrefix("/") else {
            throw RouterPlanError("command must begin with the program's absolute path: [/usr/sbin/nginx]")
        }
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        await EachInstance.run(members) { member in
            do throws(Refusal) {
                let state = try await loaded(member, Deadline(afterMs: timeoutMs))
                return RouterObservation(
                    instance: member.plan.file, canaryBasisPoints: state.canaryBasisPoints, level: .loaded,
                    revision: state.revision, problem: problem(of: state, member)
                ).aimed(aim).refusingChanges(because: host.writeProblem(member.plan.file))
            } catch {
                return .unread(member.plan.file, error.detail)
            }
        }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        let body = ShownText.line(include.text(split))
        return members.flatMap { member in
            let command = member.plan.command.joined(separator: " ")
            return ["write \(member.plan.file): \(body)", "\(command) -t -q", "\(command) -s reload"].map {
                PlannedCall(instance: member.plan.file, call: $0)
            }
        }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        await EachInstance.run(members) { member in
            do throws(Refusal) {
                try await apply(split, member, Deadline(afterMs: timeoutMs))
                return RouterReceipt(instance: member.plan.file, nil)
            } catch {
                return RouterReceipt(instance: member.plan.file, error)
            }
        }
    }

    // MARK: Setting

    private func apply(_ split: Split, _ member: Member, _ deadline: Deadline) async throws(Refusal) {
        guard deadline.remainingMs > 0 else { throw Refusal(.unreachable, "no time was left") }
        let text = include.text(split)
        let before = try file(member)
        // Repeating what is in force must not restart the workers every few seconds.
        if before == text, let state = try? await loaded(member, deadline), include.state(of: text) == state { return }
        if before != text { try replace(member, with: text) }
        let test = try await run(member, ["-t", "-q"], deadline)
        guard test.status == 0 else {
            // The next reload, whoever orders it, must not meet a file that nginx refuses.
            if let before { try replace(member, with: before) } else { host.remove(member.plan.file) }
            throw Refusal(.rejected, "nginx -t: \(NginxIncludeDriver.complaint(test.output))")
        }
        let reload = try await run(member, ["-s", "reload"], deadline)
        guard reload.status == 0 else {
            throw Refusal(
                .unreachable,
                "nginx -s reload: \(NginxIncludeDriver.complaint(reload.output)) (the file is written and counts when nginx"
                    + " starts)")
        }
        try await settle(member, include.state(of: text), deadline)
    }

    private func settle(_ member: Member, _ wanted: NginxState?, _ deadline: Deadline) async throws(Refusal) {
        var last = "nothing"
        while deadline.remainingMs > 0 {
            do throws(Refusal) {
                let state = try await loaded(member, deadline)
                if state == wanted { return }
                last = state.encoded
            } catch {
                last = error.detail
            }
            try? await Task.sleep(for: .milliseconds(10))
            if Task.isCancelled { break }
        }
        throw Refusal(.unknown, "reloaded, but \(member.state.name) still shows \(last)")
    }

    private func file(_ member: Member) throws(Refusal) -> String? {
        do throws(NginxHostError) { return try host.read(member.plan.file) } catch {
            throw Refusal(.rejected, error.reason)
        }
    }

    private func replace(_ member: Member, with text: String) throws(Refusal) {
        do throws(NginxHostError) { try host.replace(member.plan.file, with: text) } catch {
            throw Refusal(.rejected, error.reason)
        }
    }

    private func run(
        _ member: Member, _ arguments: [String], _ deadline: Deadline
    ) async throws(Refusal) -> (status: Int32, output: String) {
        do throws(NginxHostError) {
            return try await host.run(member.plan.command + arguments, timeoutMs: max(1, deadline.remainingMs))
        } catch {
            throw Refusal(error.mayHaveActed ? .unknown : .rejected, error.reason)
        }
    }

    /// The first line that is an error; nginx puts a date and numbers before it.
    private static func complaint(_ output: String) -> String {
        let lines = output.split(separator: "\n")
        let line = lines.first { $0.contains("[emerg]") || $0.contains("[error]") || $0.contains("[crit]") }
        return ShownText.line(String(line ?? lines.first ?? "no message"), limit: 300)
    }

    // MARK: Reading back

    /// What the worker that answers has loaded.
    private func loaded(_ member: Member, _ deadline: Deadline) async throws(Refusal) -> NginxState {
        let limitMs = max(1, deadline.remainingMs)
        let request = HTTPRequest(
            url: member.state.url, headers: [TextPair("Accept", "application/json")], connectTimeoutMs: limitMs,
            timeoutMs: limitMs, bodyLimitBytes: 65_536)
        let response: HTTPResponse
        do { response = try await transport.send(request) } catch { throw Refusal(error, mayHaveActed: false) }
        let shown = ShownText.line(response.body, limit: 200)
        guard response.status == 200 else {
            let served = "return 200 \"\(include.stateVariable)\""
            throw Refusal(.rejected, "\(member.state.name) answers \(response.status); it should \(served): \(shown)")
        }
        guard let document = try? JSONParser.parse(response.body), let state = NginxState(document) else {
            throw Refusal(.rejected, "\(member.state.name) does not show \(include.stateVariable): \(shown)")
        }
        return state
    }

    /// A file that is not what is loaded will be what is loaded at the next reload.
    private func problem(of state: NginxState, _ member: Member) -> String? {
        guard let text = try? host.read(member.plan.file) else { return "\(member.plan.file) is not there any more" }
        guard let written = include.state(of: text) else {
            return "\(member.plan.file) was not written by Rollguard; its next change replaces the whole file"
        }
        guard written != state else { return nil }
        return "\(member.plan.file) says \(written.canaryBasisPoints) basis points, which nginx has not loaded"
    }
}

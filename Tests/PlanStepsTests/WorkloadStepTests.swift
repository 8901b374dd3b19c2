import Foundation
import Model
import Ports
import Testing

@testable import PlanSteps

/// Recorded answers of the API server, and what is asked of it.
@Suite("Workloads: Kubernetes")
struct KubernetesWorkloadTests {
    private static let base = "http://k/apis/apps/v1/namespaces/shop"

    private var work: WorkloadWork {
        var work = WorkloadWork(tool: .kubernetes, url: "http://k")
        (work.namespace, work.deployment) = ("shop", "checkout")
        return work
    }

    private static func template(_ image: String, hash: String? = nil) -> String {
        let more = hash.map { #","pod-template-hash":"\#($0)""# } ?? ""
        return
            #"{"metadata":{"labels":{"app":"checkout"\#(more)}},"spec":{"containers":[{"name":"app","image":"\#(image)"}]}}"#
    }

    private static func deployment(
        image: String = "r/checkout:v2", replicas: Int = 3, have: Int = 3, updated: Int = 3, available: Int = 3,
        generation: Int = 7, observed: Int = 7,
        more: String = "", paused: Bool = false
    ) -> String {
        #"{"metadata":{"name":"checkout","uid":"u-1","generation":\#(generation),"resourceVersion":"901"},"spec":{"replicas":\#(replicas),"paused":\#(paused),"selector":{"matchLabels":{"app":"checkout"}},"template":\#(template(image))},"status":{"observedGeneration":\#(observed),"replicas":\#(have),"updatedReplicas":\#(updated),"availableReplicas":\#(available)\#(more)}}"#
    }

    /// Revision 1 was gone back to once, so it is 3 now; the one of another Deployment is not its own.
    private static let sets = """
        {"items":[
          {"metadata":{"annotations":{"deployment.kubernetes.io/revision":"3","deployment.kubernetes.io/revision-history":"1"},
            "ownerReferences":[{"uid":"u-1"}]},"spec":{"template":\(template("r/checkout:v1", hash: "aa"))}},
          {"metadata":{"annotations":{"deployment.kubernetes.io/revision":"4"},"ownerReferences":[{"uid":"u-1"}]},
            "spec":{"template":\(template("r/checkout:v2", hash: "bb"))}},
          {"metadata":{"annotations":{"deployment.kubernetes.io/revision":"9"},"ownerReferences":[{"uid":"u-2"}]},
            "spec":{"template":\(template("r/checkout:v1", hash: "cc"))}}]}
        """

    private func driver(_ deployment: String, patch: Int = 200) -> (WorkloadStepDriver, ScriptedTransport) {
        let transport = ScriptedTransport { request in
            if request.method == "PATCH" { return ScriptedTransport.status(patch, "{}") }
            return ScriptedTransport.status(200, request.url.contains("/replicasets") ? Self.sets : deployment)
        }
        return (
            WorkloadStepDriver(exec: ExecStepDriver(runs: nil), calls: StepRequests(transport: transport)), transport
        )
    }

    @Test func itIsScaled() async {
        var work = work
        work.replicas = 0
        let (driver, transport) = driver(Self.deployment())
        #expect(await driver.run(work, call(work)).name == "done")
        let request = transport.requests[0]
        #expect(request.method == "PATCH" && request.url == Self.base + "/deployments/checkout/scale")
        #expect(String(decoding: request.body ?? [], as: UTF8.self) == #"{"spec":{"replicas":0}}"#)
        #expect(request.headers.contains(TextPair("Content-Type", "application/merge-patch+json")))
        #expect(driver.plan(work, call(work)).hasSuffix(#"/scale {"spec":{"replicas":0}}"#))
    }

    /// 200 is a receipt; the controller has to have seen it, and the pods have to be there, or gone.
    @Test(arguments: [
        (deployment(replicas: 0, have: 0, updated: 0, available: 0), "proved"),
        (deployment(replicas: 0, have: 1, updated: 1, available: 1), "notProved"),
        (deployment(replicas: 0, have: 0, updated: 0, available: 0, generation: 8), "notProved"),
        (deployment(), "notProved"), ("{}", "notProved"), ("[]", "unreadable"),
    ])
    func itIsProvedByItsStatus(_ shown: String, _ expected: String) async {
        var work = work
        work.replicas = 0
        let answer = await driver(shown).0.check(work, call(work))
        #expect(answer.name == expected, "\(answer)")
    }

    @Test(arguments: [3, 1])
    func itGoesBackToARevision(_ revision: Int) async throws {
        var work = work
        work.revision = revision
        let (driver, transport) = driver(Self.deployment())
        #expect(await driver.run(work, call(work)).name == "done")
        let patch = try #require(transport.requests.last)
        #expect(patch.method == "PATCH" && patch.url == Self.base + "/deployments/checkout")
        let body = String(decoding: patch.body ?? [], as: UTF8.self)
        #expect(body.contains("r/checkout:v1") && !body.contains("pod-template-hash"), "\(body)")
        #expect(body.contains(#"{"op":"test","path":"/metadata/resourceVersion","value":"901"}"#))
        #expect(transport.requests[1].url == Self.base + "/replicasets?labelSelector=app%3Dcheckout")
    }

    @Test func theImageNamesTheVersion() async {
        var work = work
        work.image = "r/checkout:{baseline}"
        let (driver, transport) = driver(Self.deployment())
        #expect(await driver.run(work, call(work)).name == "done")
        let body = String(decoding: transport.requests.last?.body ?? [], as: UTF8.self)
        #expect(body.contains("r/checkout:v1"))
        work.image = "r/checkout:v7"
        let refused = await driver.run(work, call(work))
        #expect(refused.name == "refused" && refused.text.contains("there are the revisions 3, 4"), "\(refused)")
    }

    /// It has the template already: nothing is sent, and it is proved as soon as it runs.
    @Test func aRepetitionChangesNothing() async {
        var work = work
        work.revision = 1
        let (driver, transport) = driver(Self.deployment(image: "r/checkout:v1"))
        #expect(await driver.run(work, call(work)).name == "done")
        #expect(!transport.requests.contains { $0.method == "PATCH" })
        #expect(await driver.check(work, call(work)).name == "proved")
        let late = Self.deployment(
            image: "r/checkout:v1", updated: 1,
            more: #","conditions":[{"type":"Progressing","reason":"ProgressDeadlineExceeded","message":"timed out"}]"#)
        let answer = await self.driver(late).0.check(work, call(work))
        #expect(answer.name == "notProved" && answer.text.contains("does not progress"), "\(answer)")
        #expect(await self.driver(Self.deployment()).0.check(work, call(work)).name == "notProved")
    }

    @Test func aDeploymentThatIsPausedIsRefused() async {
        var work = work
        work.revision = 1
        #expect(await driver(Self.deployment(paused: true)).0.run(work, call(work)).name == "refused")
    }

    @Test(arguments: [(403, "refused"), (409, "refused"), (422, "refused"), (500, "unknown"), (503, "failed")])
    func aRefusalIsNoReceipt(_ status: Int, _ expected: String) async {
        var work = work
        work.replicas = 1
        #expect(await driver(Self.deployment(), patch: status).0.run(work, call(work)).name == expected)
    }
}

/// Recorded answers of Nomad's API.
@Suite("Workloads: Nomad")
struct NomadWorkloadTests {
    private var work: WorkloadWork {
        var work = WorkloadWork(tool: .nomad, url: "http://n:4646")
        (work.job, work.jobVersion) = ("checkout", 3)
        return work
    }

    private static func version(_ number: Int, _ image: String) -> String {
        #"{"ID":"checkout","Version":\#(number),"TaskGroups":[{"Name":"app","Tasks":[{"Config":{"image":"\#(image)"}}]}]}"#
    }

    private func driver(
        versions: [String], deployment: String, put: Int = 200
    ) -> (WorkloadStepDriver, ScriptedTransport) {
        let transport = ScriptedTransport { request in
            if request.method == "PUT" { return ScriptedTransport.status(put, #"{"EvalID":"e-1"}"#) }
            if request.url.contains("/versions") {
                return ScriptedTransport.status(200, #"{"Versions":[\#(versions.joined(separator: ","))]}"#)
            }
            return ScriptedTransport.status(200, deployment)
        }
        return (
            WorkloadStepDriver(exec: ExecStepDriver(runs: nil), calls: StepRequests(transport: transport)), transport
        )
    }

    @Test func itRevertsFromTheVersionThatWasRead() async throws {
        let (driver, transport) = driver(versions: [Self.version(4, "v2"), Self.version(3, "v1")], deployment: "null")
        #expect(await driver.run(work, call(work)).name == "done")
        let request = try #require(transport.requests.last)
        #expect(request.method == "PUT" && request.url == "http://n:4646/v1/job/checkout/revert")
        #expect(
            String(decoding: request.body ?? [], as: UTF8.self)
                == #"{"EnforcePriorVersion":4,"JobID":"checkout","JobVersion":3}"#)
    }

    /// The revert made version 5, which is the same as 3: it is not reverted again.
    @Test func aRepetitionChangesNothing() async {
        let versions = [Self.version(5, "v1"), Self.version(4, "v2"), Self.version(3, "v1")]
        let (driver, transport) = driver(versions: versions, deployment: "null")
        #expect(await driver.run(work, call(work)).name == "done")
        #expect(!transport.requests.contains { $0.method == "PUT" })
        let gone = self.driver(versions: [Self.version(5, "v2")], deployment: "null").0
        #expect(await gone.run(work, call(work)).name == "refused")
    }

    @Test(arguments: [
        (#"{"ID":"d","JobVersion":5,"Status":"successful"}"#, "v1", "proved"),
        (#"{"ID":"d","JobVersion":5,"Status":"running"}"#, "v1", "notProved"),
        (#"{"ID":"d","JobVersion":5,"Status":"failed"}"#, "v1", "notProved"),
        (#"{"ID":"d","JobVersion":4,"Status":"successful"}"#, "v1", "notProved"),
        ("null", "v1", "notProved"), (#"{"ID":"d","JobVersion":5,"Status":"successful"}"#, "v2", "notProved"),
    ])
    func itIsProvedByItsDeployment(_ deployment: String, _ image: String, _ expected: String) async {
        let versions = [Self.version(5, image), Self.version(4, "v2"), Self.version(3, "v1")]
        let answer = await driver(versions: versions, deployment: deployment).0.check(work, call(work))
        #expect(answer.name == expected, "\(answer)")
    }

    @Test func aDeploymentIsFailed() async {
        var work = work
        (work.jobVersion, work.failsDeployment, work.namespace) = (nil, true, "shop")
        let running = driver(versions: [], deployment: #"{"ID":"d-1","Status":"running"}"#)
        #expect(await running.0.run(work, call(work)).name == "done")
        #expect(running.1.requests.last?.url == "http://n:4646/v1/deployment/fail/d-1?namespace=shop")
        #expect(await running.0.check(work, call(work)).name == "notProved")
        let over = driver(versions: [], deployment: #"{"ID":"d-1","Status":"failed"}"#)
        #expect(await over.0.run(work, call(work)).name == "done")
        #expect(!over.1.requests.contains { $0.method == "PUT" })
        #expect(await over.0.check(work, call(work)).name == "proved")
    }
}

/// `systemctl` by a script, because the tests have no init; a real ansible-core.
@Suite("Workloads: programs")
struct ProgramWorkloadTests {
    private let folder = TestFolder()

    private func driver(_ answer: ScriptedTransport.Answer = .failure(.closed)) -> WorkloadStepDriver {
        WorkloadStepDriver(
            exec: ExecStepDriver(runs: nil), calls: StepRequests(transport: ScriptedTransport { _ in answer }))
    }

    private func unit(_ script: String) throws -> WorkloadWork {
        var work = WorkloadWork(tool: .systemd)
        work.program = try folder.write("systemctl-\(UUID().uuidString)", "#!/bin/sh\n\(script)\n")
        chmod(work.program ?? "", 0o755)
        work.unit = "checkout@{baseline}.service"
        return work
    }

    @Test func aUnitIsRestartedAndAsked() async throws {
        let log = folder.path + "/log"
        var work = try unit("echo \"$@\" >> \(log); [ \"$1\" = restart ] && exit 0; echo active")
        #expect(await eventuallyRuns(work) == "done")
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "restart checkout@v1.service\n")
        #expect(await driver().check(work, call(work)).name == "proved")
        #expect(driver().plan(work, call(work)).hasSuffix("restart checkout@v1.service"))
        // The process runs; the application says which version it is.
        work.proof = HTTPProof(
            request: StepRequest(method: "GET", url: "http://app/version"), pointer: "/version", equals: "{baseline}")
        for (shown, expected) in [("v1", "proved"), ("v2", "notProved")] {
            let answer = ScriptedTransport.status(200, #"{"version":"\#(shown)"}"#)
            #expect(await driver(answer).check(work, call(work)).name == expected)
        }
    }

    /// Another test may start a program while the file is still open for writing.
    private func eventuallyRuns(_ work: WorkloadWork) async -> String {
        for _ in 0..<20 {
            let answer = await driver().run(work, call(work))
            if !answer.text.contains("Text file busy") { return answer.name }
        }
        return "busy"
    }

    @Test(arguments: [
        (3, "inactive", "notProved"), (3, "activating", "notProved"), (0, "active", "proved"),
        (4, "no such unit", "unreadable"),
    ])
    func onlyAnActiveUnitProvesIt(_ status: Int, _ said: String, _ expected: String) async throws {
        let work = try unit("echo \(said); exit \(status)")
        var answer = await driver().check(work, call(work))
        for _ in 0..<20 where answer.text.contains("Text file busy") { answer = await driver().check(work, call(work)) }
        #expect(answer.name == expected, "\(answer)")
    }

    @Test func theStartLimitIsNamed() async throws {
        let work = try unit("echo 'checkout@v1.service: Failed with result start-limit-hit.' >&2; exit 1")
        var answer = await driver().run(work, call(work))
        for _ in 0..<20 where answer.text.contains("Text file busy") { answer = await driver().run(work, call(work)) }
        #expect(
            answer.name == "failed" && answer.text.contains("systemctl reset-failed checkout@v1.service"), "\(answer)")
    }

    // MARK: Ansible

    private static let ansible = LiveProgram.root + "/.routers-venv/bin/ansible-playbook"

    private func play(_ hosts: String, _ task: String, limit: String? = nil) async throws -> StepAnswer {
        var work = WorkloadWork(tool: .ansible)
        work.program = Self.ansible
        work.playbook = try folder.write(
            "play.yml", "- hosts: \(hosts)\n  gather_facts: false\n  tasks:\n    - \(task)\n")
        work.inventory = try folder.write(
            "hosts",
            "app1 ansible_connection=local\ngone ansible_host=127.0.0.1 ansible_port=9 ansible_ssh_common_args='-o ConnectTimeout=2'\n"
        )
        work.limit = limit
        work.variables = [TextPair("version", "{baseline}")]
        work.environmentFile = try folder.write("ansible.env", "HOME=\(folder.path)\n")
        var call = call(work)
        call.step.timeoutMs = 60_000
        return await driver().run(work, call)
    }

    @Test(.enabled(if: LiveProgram.isThere(ansible), "ansible-core is needed: scripts/setup.sh test"))
    func aPlaybookHasDoneWhatItsRecapSays() async throws {
        let done = try await play("app1", "ansible.builtin.debug: {msg: 'now {{ version }}'}")
        #expect(done.name == "done" && done.text.contains("now v1"), "\(done)")
        let failed = try await play("app1", "ansible.builtin.command: /bin/false")
        #expect(failed.name == "failed" && failed.text.contains("a host has failed"), "\(failed)")
        let away = try await play("gone", "ansible.builtin.ping:")
        #expect(away.name == "failed" && away.text.contains("a host was not reached"), "\(away)")
        // The trap: it ends with 0, and did nothing.
        let nothing = try await play("cashiers", "ansible.builtin.ping:")
        #expect(nothing.name == "failed" && nothing.text.contains("matched no host"), "\(nothing)")
        let limited = try await play("app1", "ansible.builtin.ping:", limit: "cashiers")
        #expect(["refused", "failed"].contains(limited.name), "\(limited)")
        let wrong = try await play("app1", "no_such_module:")
        #expect(["refused", "failed"].contains(wrong.name), "\(wrong)")
    }
}

private func call(_ work: WorkloadWork) -> StepCall {
    StepCall(
        release: "checkout", incident: "checkout-17", number: 1,
        step: ProcedureStep(name: "back", work: .workload(work)),
        attempt: 1, baselineVersion: "v1", canaryVersion: "v2")
}

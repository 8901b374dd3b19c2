import Foundation
import Testing
import Yams

/// The recipes of docs/ci: their scripts lead a release on a real HAProxy by the real daemon.
@Suite("Recipes for CI", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct ReleaseRecipeTests {
    @Test(.timeLimit(.minutes(15)))
    func gitLabLeadsARelease() async throws {
        let jobs = try Recipe("gitlab").yaml(".gitlab-ci.yml")
        let variables = [
            "CI_COMMIT_TAG": "v2.0.0", "CI_COMMIT_SHA": "3f2a91c", "CI_PIPELINE_ID": "812",
            "GITLAB_USER_LOGIN": "ann",
        ]
        let deployScript = try Recipe.script(of: jobs, "deploy")
        let approveScript = try Recipe.script(of: jobs, "approve")
        let finishScript = try Recipe.script(of: jobs, "finish")
        try await Recipe.scene(asksForApproval: true) { led in
            let deploy = try led.start(deployScript, [], variables)
            let approve = try await led.script(approveScript, [], variables)
            #expect(approve.status == 0, "\(approve.text)\n\(led.text)")
            let finish = try await led.script(finishScript, [], variables)
            #expect(finish.status == 0, "\(finish.text)\n\(led.text)")
            #expect(await eventually { !deploy.isRunning })
            #expect(deploy.status == 0, "\(deploy.text)\n\(led.text)")
            try await Recipe.expectPromoted(led, "v2.0.0")
            #expect(led.deployed == ["green"])
            // GitLab's "retry" of a job that has done its work.
            let again = try await led.script(deployScript, [], variables)
            #expect(again.status == 0, "\(again.text)")
            #expect(try await led.rollouts().ended.count == 1)
        }
    }

    @Test(.timeLimit(.minutes(15)))
    func gitHubActionsLeadARelease() async throws {
        let workflow = try Recipe("github-actions").yaml(".github/workflows/release.yml")
        let jobs = try #require(workflow["jobs"] as? [String: [String: Any]])
        func scripts(_ job: String) -> [String] {
            (jobs[job]?["steps"] as? [[String: Any]] ?? []).compactMap { $0["run"] as? String }
        }
        let variables = ["VERSION": "v2.0.0", "BUILD": "3f2a91c", "KEY": "812", "ACTOR": "ann"]
        let declared = try #require(workflow["env"] as? [String: String])
        #expect(Set(variables.keys).isSubset(of: declared.keys))
        let (deploying, approving) = (scripts("deploy"), scripts("approve"))
        try #require(deploying.count == 3 && approving.count == 1)
        try await Recipe.scene(asksForApproval: true) { led in
            let approve = try led.start(approving[0], [], variables)
            // What a step writes to GITHUB_ENV, the later ones get.
            var given = variables
            given["GITHUB_ENV"] = led.scene.path("github.env")
            for script in deploying {
                let step = try await led.script(script, [], given)
                #expect(step.status == 0, "\(script)\n\(step.text)\n\(led.text)")
                let lines = (try? String(contentsOfFile: led.scene.path("github.env"), encoding: .utf8)) ?? ""
                for line in lines.split(separator: "\n") {
                    let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
                    if parts.count == 2 { given[parts[0]] = parts[1] }
                }
            }
            #expect(await eventually { !approve.isRunning })
            #expect(approve.status == 0, "\(approve.text)")
            #expect(led.deployed == ["green"])
            let end = try await led.script("rollguard wait checkout --timeout 60s")
            #expect(end.status == 0, "\(end.text)")
        }
    }

    /// Two releases one after the other, so the places take turns; the second build is stopped.
    @Test(.timeLimit(.minutes(15)))
    func jenkinsLeadsAReleaseAndAbortsAStoppedOne() async throws {
        let text = try Recipe("jenkins").page.file("Jenkinsfile")
        let scripts = text.matches(of: /sh '''(?<script>(?s:.*?))'''/).map { String($0.output.script) }
        try #require(scripts.count == 3)
        try await Recipe.scene { led in
            let first = ["VERSION": "v2.0.0", "BUILD_TAG": "jenkins-release-1"]
            for script in scripts.prefix(2) {
                let stage = try await led.script(script, [], first)
                #expect(stage.status == 0, "\(stage.text)\n\(led.text)")
            }
            try await Recipe.expectPromoted(led, "v2.0.0")
            let second = ["VERSION": "v3.0.0", "BUILD_TAG": "jenkins-release-2"]
            let deploy = try await led.script(scripts[0], [], second)
            #expect(deploy.status == 0, "\(deploy.text)\n\(led.text)")
            let release = try led.start(scripts[1], [], second)
            let isUnderWay = await eventually { try await led.rollouts().running?.state == "standing" }
            #expect(isUnderWay, "\(led.text)")
            let stopped = try await led.script(scripts[2], [], second)
            #expect(stopped.status == 0, "\(stopped.text)\n\(led.text)")
            #expect(await eventually { !release.isRunning })
            #expect(release.status == 1, "\(release.text)")
            let rollouts = try await led.rollouts()
            #expect(rollouts.ended.first?.end == "aborted")
            #expect(rollouts.places.first { $0.role == "baseline" }?.version == "v2.0.0")
            #expect(led.deployed == ["green", "blue"])
        }
    }

    @Test(.timeLimit(.minutes(15)))
    func ansibleLeadsARelease() async throws {
        let playbook = try Recipe("ansible").page.file("release.yml")
        guard Programs.path("ansible-playbook") != nil else {
            try Test.cancel("not installed: ansible-playbook; see scripts/setup.sh")
        }
        try await Recipe.scene { led in
            try playbook.write(toFile: led.scene.path("release.yml"), atomically: true, encoding: .utf8)
            let play = try await led.script(
                "ansible-playbook -i localhost, -c local release.yml -e version=v2.0.0 -e release_id=812", [],
                ["LC_ALL": "C.UTF-8"])
            #expect(play.status == 0, "\(play.text)\n\(led.text)")
            try await Recipe.expectPromoted(led, "v2.0.0")
            #expect(led.deployed == ["green"])
        }
    }

    @Test(.timeLimit(.minutes(15)), arguments: ["release.sh", "release-curl.sh"])
    func aShellScriptLeadsARelease(_ name: String) async throws {
        let script = try Recipe("shell").page.file(name)
        try await Recipe.scene { led in
            let run = try await led.script(script, ["v2.0.0", "812"])
            #expect(run.status == 0, "\(run.text)\n\(led.text)")
            try await Recipe.expectPromoted(led, "v2.0.0")
            #expect(led.deployed == ["green"])
        }
    }

    @Test(.timeLimit(.minutes(15)))
    func aScriptFailsWhenTheVersionIsBad() async throws {
        let script = try Recipe("shell").page.file("release.sh")
        try await Recipe.scene { led in
            await led.scene.new.setFault(.errors(share: 0.5))
            let run = try await led.script(script, ["v2.0.0", "812"])
            #expect(run.status == 1, "\(run.text)\n\(led.text)")
            #expect(run.text.contains("rolled back") && run.text.contains("rollguard why checkout-"), "\(run.text)")
            // The version is latched, so the next job does not bring it in again.
            let again = try await led.script(script, ["v2.0.0", "813"])
            #expect(again.status == 7 && again.text.contains("latched"), "\(again.text)")
            #expect(led.deployed == ["green"])
        }
    }

    /// The daemon is killed while a job waits.
    @Test(.timeLimit(.minutes(15)))
    func aWaitGoesOnAfterARestartOfTheDaemon() async throws {
        try await Recipe.scene(asksForApproval: true) { led in
            let begun = try await led.script("rollguard begin checkout --version v2.0.0 --print rollout")
            #expect(begun.status == 0, "\(begun.text)")
            let wait = try led.start("rollguard wait checkout --until promoted --output json")
            let isAsked = await eventually { wait.text.contains("gate_asked") }
            #expect(isAsked, "\(wait.text)\n\(led.text)")
            let short = try await led.script("rollguard wait checkout --timeout 1s")
            #expect(short.status == 4, "\(short.text)")
            let busy = try await led.script("rollguard prepare checkout --version v3.0.0")
            #expect(busy.status == 7 && busy.text.contains("under way"), "\(busy.text)")
            await led.scene.daemon?.stop(SIGKILL)
            try await led.scene.startDaemon()
            let approve = try await led.script("rollguard approve checkout --step 1 --wait 20s")
            #expect(approve.status == 0, "\(approve.text)\n\(led.text)")
            #expect(await eventually { !wait.isRunning }, "\(wait.text)")
            #expect(wait.status == 0, "\(wait.text)\n\(led.text)")
            let lines = wait.text.split(separator: "\n").filter { $0.hasPrefix("{") }
            let sequences = lines.compactMap { $0.firstMatch(of: /"sequence":([0-9]+)/).flatMap { UInt64($0.1) } }
            #expect(sequences == Array(Set(sequences)).sorted(), "each event once, in order")
            #expect(lines.last?.contains("\"event\":\"result\"") == true, "\(wait.text)")
        }
    }

    /// A halted rollout ends the wait that asks for it; a cancelled wait aborts where it was asked to.
    @Test(.timeLimit(.minutes(15)))
    func aDeniedStepEndsTheWaitAndACancelledWaitAborts() async throws {
        try await Recipe.scene(asksForApproval: true) { led in
            let begun = try await led.script("rollguard begin checkout --version v2.0.0")
            #expect(begun.status == 0, "\(begun.text)")
            let wait = try led.start("exec rollguard wait checkout --fail-on halted")
            let isAsked = await eventually { wait.text.contains("approval is asked for") }
            #expect(isAsked, "\(wait.text)\n\(led.text)")
            let early = try await led.script("rollguard promote checkout")
            #expect(early.status == 2 && early.text.contains("--step"), "\(early.text)")
            let old = try await led.script("rollguard approve checkout --step 2")
            #expect(old.status == 7, "\(old.text)")
            let denied = try await led.script("rollguard deny checkout --step 1 --reason 'carts are slow'")
            #expect(denied.status == 0, "\(denied.text)")
            #expect(await eventually { !wait.isRunning })
            #expect(wait.status == 5 && wait.text.contains("rollguard resume"), "\(wait.text)")
            let status = try await led.script(
                "rollguard status checkout && rollguard steps checkout && rollguard status")
            #expect(status.status == 0 && status.text.contains("halted (gate)"), "\(status.text)")
            let cancelled = try led.start("exec rollguard wait checkout --on-cancel abort")
            let waits = await eventually { cancelled.text.contains("step 1/2") }
            #expect(waits, "\(cancelled.text)")
            await cancelled.stop(SIGTERM)
            #expect(cancelled.status == 143, "\(cancelled.text)")
            let isAborted = await eventually { try await led.rollouts().ended.first?.end == "aborted" }
            #expect(isAborted, "\(cancelled.text)\n\(led.text)")
        }
    }
}

/// A page of docs/ci.
struct Recipe {
    let page: TutorialPage

    init(_ name: String) throws {
        let path = Programs.root.appendingPathComponent("docs/ci/\(name).md")
        page = TutorialPage(text: try String(contentsOf: path, encoding: .utf8))
    }

    func yaml(_ file: String) throws -> [String: Any] {
        try #require(try Yams.load(yaml: page.file(file)) as? [String: Any])
    }

    /// A GitLab job's lines, which its shell runs one after the other.
    static func script(of jobs: [String: Any], _ job: String) throws -> String {
        let lines = try #require((jobs[job] as? [String: Any])?["script"] as? [String])
        return lines.joined(separator: "\n") + "\n"
    }

    static func scene(asksForApproval: Bool = false, _ test: @escaping @Sendable (LedScene) async throws -> Void)
        async throws
    {
        guard Programs.path("haproxy") != nil else {
            try Test.cancel("not installed: haproxy; see scripts/setup.sh")
        }
        try await FewAtOnce.shared.run { try await LedScene.run(asksForApproval: asksForApproval, test) }
    }

    static func expectPromoted(_ led: LedScene, _ version: String) async throws {
        let rollouts = try await led.rollouts()
        #expect(rollouts.ended.first?.end == "promoted", "\(led.text)")
        #expect(rollouts.places.first { $0.role == "baseline" }?.version == version)
    }
}

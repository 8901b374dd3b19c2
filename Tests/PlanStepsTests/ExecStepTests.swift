import Foundation
import Model
import Ports
import Testing

@testable import PlanSteps

/// Real programs.
@Suite("Steps that run programs")
struct ExecStepTests {
    private let folder = TestFolder()

    @Test(arguments: [
        (0, "done"), (1, "failed"), (3, "failed"), (75, "failed"), (78, "refused"), (2, "refused"), (127, "refused"),
    ])
    func theExitStatusIsTheAnswer(_ status: Int, _ expected: String) async throws {
        let answer = await run("echo said; exit \(status)")
        #expect(answer.name == expected && answer.text.contains("said"), "\(answer)")
    }

    @Test func theProgramGetsWhatItIsAboutAndNothingElse() async throws {
        setenv("ROLLGUARD_TEST_SECRET", "inherited", 1)
        let answer = await run("env | sort | tr '\\n' ' '", environment: [TextPair("MODE", "fast")])
        for expected in [
            "MODE=fast", "ROLLGUARD_INCIDENT=checkout-17", "ROLLGUARD_STEP_KEY=checkout-17/cache",
            "ROLLGUARD_ATTEMPT=1",
            "ROLLGUARD_BASELINE_VERSION=v1", "ROLLGUARD_CANARY_VERSION=v2",
        ] {
            #expect(answer.text.contains(expected), "\(expected): \(answer.text)")
        }
        #expect(!answer.text.contains("inherited"))
    }

    @Test func theFileWithVariablesIsReadAndNeverShown() async throws {
        let file = try folder.write("db.env", "# the database\nPGPASSWORD=s3cretword\n")
        let work = ExecWork(command: try folder.script("echo \"$PGPASSWORD\""), environmentFile: file)
        let answer = await driver.run(work, call(work))
        #expect(answer.name == "done" && !answer.text.contains("s3cretword") && answer.text.contains("***"))
        let broken = try folder.write("broken.env", "no assignment\n")
        let refused = await driver.run(
            ExecWork(command: work.command, environmentFile: broken), call(work))
        #expect(refused.name == "refused" && refused.text.contains("NAME=value"))
    }

    @Test func itRunsInItsFolderWithoutInput() async throws {
        let work = ExecWork(command: try folder.script("pwd; cat; echo end"), directory: folder.path)
        let answer = await driver.run(work, call(work))
        #expect(answer.text.contains("\(folder.path) | end"), "\(answer.text)")
    }

    /// A child that keeps the pipe and ignores the signal: the whole group is ended, and nothing waits for the pipe.
    @Test func atTheEndOfItsTimeTheWholeGroupIsEnded() async throws {
        let mark = folder.path + "/pid"
        let work = ExecWork(
            command: try folder.script("(trap '' TERM; echo $BASHPID > \(mark); while :; do sleep 0.05; done) & wait"),
            graceMs: 200)
        let answer = await driver.run(work, call(work, timeoutMs: 400))
        #expect(answer.name == "unknown" && answer.text.contains("did not end within 400 ms"), "\(answer)")
        let pid = try #require(
            Int32(try String(contentsOfFile: mark, encoding: .utf8).trimmingCharacters(in: .newlines)))
        #expect(await eventually { kill(pid, 0) != 0 }, "the child still runs")
    }

    @Test func aChildThatOutlivesTheProgramIsNotWaitedFor() async throws {
        let work = ExecWork(command: try folder.script("sleep 30 & echo started"))
        let answer = await driver.run(work, call(work, timeoutMs: 20_000))
        #expect(answer.name == "done" && answer.text.contains("started"))
    }

    /// A listening socket in a program that outlives the daemon would keep the daemon from starting again.
    @Test func theProgramGetsNoDescriptorOfTheDaemon() async throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let other = fcntl(listener, F_DUPFD, 77)
        defer { for descriptor in [listener, other] { close(descriptor) } }
        #expect(listen(listener, 1) == 0 && other >= 77)
        let answer = await run("[ -e /proc/$$/fd/\(other) ] && echo inherited; echo end")
        #expect(answer.text.contains("end") && !answer.text.contains("inherited"), "\(answer.text)")
    }

    @Test func muchOutputIsBounded() async throws {
        let answer = await run("head -c 3000000 /dev/zero | tr '\\0' x; exit 0")
        #expect(answer.name == "done" && answer.text.count < 2_000)
    }

    @Test(arguments: ["/nowhere/program", "/etc/passwd", "/tmp"])
    func whatCannotBeRunIsRefused(_ path: String) async {
        let work = ExecWork(command: [path])
        #expect(await driver.run(work, call(work)).name == "refused")
    }

    @Test func aProgramThatOthersMayWriteIsRefused() async throws {
        let command = [try folder.write("program", "")]
        chmod(command[0], 0o777)
        let answer = await driver.run(ExecWork(command: command), call(ExecWork(command: command)))
        #expect(answer.name == "refused" && answer.text.contains("chmod go-w"))
    }

    @Test(arguments: [(0, "proved"), (1, "notProved"), (2, "unreadable"), (7, "unreadable")])
    func theProofIsAProgramToo(_ status: Int, _ expected: String) async throws {
        let work = ExecWork(command: ["/bin/false"], proof: try folder.script("echo seen; exit \(status)"))
        #expect(await driver.check(work, call(work)).name == expected)
    }

    @Test func withoutAProofNothingCanBeSeen() async {
        let work = ExecWork(command: ["/bin/true"])
        #expect(await driver.check(work, call(work)).name == "unreadable")
    }

    /// A program of the daemon before this one still runs: it never runs beside itself.
    @Test func aFormerRunIsWaitedForAndThenEnded() async throws {
        let runs = ProgramRuns(directory: folder.path + "/steps")
        let former = Process()
        former.executableURL = URL(fileURLWithPath: "/bin/sleep")
        former.arguments = ["60"]
        try former.run()
        setpgid(former.processIdentifier, former.processIdentifier)
        runs.note("checkout-17/cache/run", pid: former.processIdentifier)
        let work = ExecWork(command: try folder.script("echo ran"), graceMs: 100)
        let answer = await ExecStepDriver(runs: runs).run(work, call(work, timeoutMs: 300))
        #expect(answer.name == "done")
        former.waitUntilExit()
        #expect(former.terminationReason == .uncaughtSignal)
    }

    @Test func theShownCallIsTheCommand() {
        let work = ExecWork(command: ["/bin/psql", "-c", "select 'x'"], environment: [TextPair("A", "b c")])
        #expect(driver.plan(work) == #"A='b c' /bin/psql -c 'select '\''x'\'''"#)
    }

    private let driver = ExecStepDriver(runs: nil)

    private func run(_ script: String, environment: [TextPair] = []) async -> StepAnswer {
        guard let command = try? folder.script(script) else { return .refused("no script") }
        let work = ExecWork(command: command, environment: environment)
        return await driver.run(work, call(work))
    }

    private func call(_ work: ExecWork, timeoutMs: Int64 = 10_000) -> StepCall {
        StepCall(
            release: "checkout", incident: "checkout-17", number: 1,
            step: ProcedureStep(name: "cache", work: .exec(work), timeoutMs: timeoutMs), attempt: 1,
            baselineVersion: "v1", canaryVersion: "v2")
    }
}

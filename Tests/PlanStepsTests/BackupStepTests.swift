import Foundation
import Model
import Testing

@testable import PlanSteps

/// Which backup counts, whatever made it.
@Suite("Steps that check backups")
struct BackupStepTests {
    private let folder = TestFolder()

    /// Dumps that end as they have to; only their sizes and times differ.
    @discardableResult
    private func dump(_ name: String, bytes: Int = 1_000, hoursAgo: Double = 1) throws -> String {
        let end = "-- Dump completed on 2026-11-29 12:00:00\n"
        let path = try folder.write(name, String(repeating: "x", count: bytes - end.count - 1) + "\n" + end)
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -hoursAgo * 3_600)], ofItemAtPath: path)
        return path
    }

    private var work: BackupWork { BackupWork(tool: .mysqldump, files: folder.path + "/*.sql", restoreTo: "app") }

    private func call(_ work: BackupWork, timeoutMs: Int64 = 10_000) -> StepCall {
        let step = ProcedureStep(name: "dump", work: .backup(work), timeoutMs: timeoutMs, isIdempotent: true)
        return StepCall(
            release: "checkout", incident: "checkout-1", number: 1, step: step, attempt: 1, baselineVersion: "v1",
            canaryVersion: "v2")
    }

    private func run(_ work: BackupWork, timeoutMs: Int64 = 10_000) async -> StepAnswer {
        await BackupStepDriver(runs: nil).run(work, call(work, timeoutMs: timeoutMs))
    }

    private func expect(_ work: BackupWork, _ name: String, _ part: String, _ place: SourceLocation = #_sourceLocation)
        async
    {
        let answer = await run(work)
        #expect(answer.name == name && (part.isEmpty || answer.text.contains(part)), "\(answer)", sourceLocation: place)
    }

    @Test func theNewestCounts() async throws {
        await expect(work, "failed", "no file is named")
        try dump("a.sql", hoursAgo: 30)
        await expect(work, "failed", "is 1800 min old, more than 1440 min")
        let newest = try dump("b.sql", hoursAgo: 2)
        guard case .verified(let found) = await run(work) else { return #expect(Bool(false)) }
        #expect(found.name == newest && found.sizeBytes == 1_000 && found.restore == "mysql app < \(newest)")
        let ageMs = Int64(Date().timeIntervalSince1970 * 1_000) - found.takenWallMs
        #expect((7_200_000..<7_300_000).contains(ageMs))
        try dump("c.sql", hoursAgo: -2)
        await expect(work, "failed", "of the future")
    }

    @Test(arguments: [(499, "failed"), (500, "verified"), (2_000, "verified"), (2_001, "failed")])
    func itsSizeIsComparedWithTheOneBefore(_ bytes: Int, _ expected: String) async throws {
        try dump("a.sql", bytes: 1_000, hoursAgo: 20)
        try dump("b.sql", bytes: bytes, hoursAgo: 1)
        let answer = await run(work)
        #expect(answer.name == expected, "\(answer)")
    }

    /// `latest.sql` is the newest once more, and no backup before it.
    @Test func aLinkIsNoSecondBackup() async throws {
        let path = try dump("b.sql", bytes: 5_000, hoursAgo: 1)
        try dump("a.sql", bytes: 1_000, hoursAgo: 20)
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/latest.sql", withDestinationPath: path)
        await expect(work, "failed", "has 500 % of the size of the one before")
    }

    @Test func theNewestByNameCountsNumbers() async throws {
        try dump("db-9.sql", hoursAgo: 0.1)
        try dump("db-10.sql", hoursAgo: 5)
        var byName = work
        byName.newest = .name
        guard case .verified(let found) = await run(byName), case .verified(let other) = await run(work) else {
            return #expect(Bool(false))
        }
        #expect(found.name.hasSuffix("db-10.sql") && other.name.hasSuffix("db-9.sql"))
    }

    @Test func aRestoreMustHaveBeenTriedLately() async throws {
        try dump("a.sql")
        var work = work
        work.restoreTest = RestoreTest(file: folder.path + "/restored")
        await expect(work, "failed", "was never tried")
        let path = try folder.write("restored", "")
        await expect(work, "verified", "Dump completed")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -8 * 86_400)], ofItemAtPath: path)
        await expect(work, "failed", "last tried 192 h ago")
        work.restoreTest = RestoreTest(command: try folder.script("echo 'no restore since May'; exit 1"))
        await expect(work, "failed", "no restore since May")
        work.restoreTest = RestoreTest(command: try folder.script("exit 0"))
        await expect(work, "verified", "")
    }

    @Test func aProgramMayDoAllOfIt() async throws {
        var work = BackupWork(tool: .command)
        work.restore = "restore it"
        let taken = WallClockText.hoursAgo(1)
        work.command = try folder.script(
            #"echo checking; echo '{"name": "db-17", "taken": "\#(taken)", "size": 1200, "size_before": 1100}'"#)
        guard case .verified(let found) = await run(work) else { return #expect(Bool(false)) }
        #expect(found.name == "db-17" && found.sizeBytes == 1_200 && found.restore == "restore it")
        work.command = try folder.script(
            #"echo '{"name": "db-17", "taken": "\#(taken)", "size": 12, "size_before": 1100}'"#)
        await expect(work, "failed", "1 % of the size")
        work.command = try folder.script(#"echo '{"name": "db-17", "taken": "\#(WallClockText.hoursAgo(25))"}'"#)
        await expect(work, "failed", "more than 1440 min")
        work.command = try folder.script("echo all is well")
        await expect(work, "failed", "expected a last line such as")
        work.command = try folder.script("echo broken; exit 3")
        await expect(work, "failed", "ended with 3: broken")
    }

    /// All programs of a check have the time of one try together; nothing is left of one that hangs.
    @Test func aCheckThatHangsIsEnded() async throws {
        var work = BackupWork(tool: .command)
        work.command = try folder.script("echo $$ > \(folder.path)/pid; trap '' TERM; sleep 300 & wait")
        let answer = await run(work, timeoutMs: 300)
        #expect(answer.name == "failed" && answer.text.contains("did not end within"), "\(answer)")
        let pid = try #require(Int32(try String(contentsOfFile: folder.path + "/pid", encoding: .utf8).dropLast()))
        #expect(await eventually { kill(pid, 0) != 0 })
    }

    /// The preview does not read a whole backup.
    @Test func aPreviewShowsAgeAndSize() async throws {
        let driver = BackupStepDriver(runs: nil)
        #expect(await driver.check(work, call(work)).name == "notProved")
        let path = try folder.write("a.sql", "cut off")
        let answer = await driver.check(work, call(work))
        #expect(answer.name == "proved" && answer.text.contains("verified when the step runs"), "\(answer)")
        #expect(driver.plan(work) == "verify the newest of \(folder.path)/*.sql, not older than 1440 min, by mysqldump")
        #expect(await run(work).name == "failed", "\(path) is not whole")
    }

    @Test(
        arguments: [
            ("2026-11-29T12:00:00Z", 1_795_953_600_000), ("2026-11-29T13:00:00.5+01:00", 1_795_953_600_500),
            ("2026-11-29T06:30:00.123456789-05:30", 1_795_953_600_123),
        ] as [(String, Int64)])
    func timesHaveZones(_ text: String, _ wallMs: Int64) {
        #expect(RFC3339.wallMs(text) == wallMs)
        #expect(RFC3339.wallMs("yesterday") == nil)
    }
}

private enum WallClockText {
    static func hoursAgo(_ hours: Double) -> String {
        Date(timeIntervalSinceNow: -hours * 3_600).ISO8601Format()
    }
}

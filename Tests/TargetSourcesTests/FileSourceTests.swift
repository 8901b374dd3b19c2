import Discovery
import Foundation
import Ports
import Synchronization
import Testing

@testable import TargetSources

@Suite("The source file")
struct FileSourceTests {
    private static func list(_ names: String...) -> String {
        "[{\"targets\": [" + names.map { "\"\($0):1\"" }.joined(separator: ", ") + "]}]"
    }

    /// The answers of a run, each with the milliseconds since its begin: addresses, or the reason.
    private static func run(
        _ patterns: [String], sleeps: Int, refreshMs: Int64 = 30_000, _ files: VirtualFiles,
        at changes: [Int64: @Sendable (VirtualFiles) -> Void] = [:]
    ) async -> [(ms: Int64, text: String)] {
        let done = Mutex<Set<Int64>>([])
        let clock = StepClock(sleeps: sleeps) { uptimeMs in
            for (at, change) in changes where uptimeMs - 1_000_000 >= at {
                if done.withLock({ $0.insert(at).inserted }) { change(files) }
            }
        }
        let source = FileSource(
            plan: FileSourcePlan(files: patterns, refreshMs: refreshMs), files: files, clock: clock)
        let answers = Mutex<[(Int64, String)]>([])
        await source.run { answer in
            let text =
                switch answer {
                case .list(let groups):
                    groups.flatMap { $0.targets.map { $0.labels["__address__"] } }.joined(separator: " ")
                case .failed(let reason): "failed: \(reason)"
                case .partial(_, _, let reason): "partly: \(reason)"
                }
            answers.withLock { $0.append((clock.now.uptimeMs - 1_000_000, text)) }
        }
        return answers.withLock { $0 }.map { (ms: $0.0, text: $0.1) }
    }

    @Test func answersAtOnceAndAgainAfterEachRefresh() async {
        let files = VirtualFiles()
        files.write("/t/a.json", Self.list("a", "b"))
        let answers = await Self.run(["/t/*.json"], sleeps: 61, files)
        #expect(answers.map(\.text) == ["a:1 b:1", "a:1 b:1", "a:1 b:1"])
        #expect(answers.map(\.ms) == [0, 30_000, 60_000])
    }

    @Test func aChangeIsReadWhenItHasSettledAndOnceMore() async {
        let files = VirtualFiles()
        files.write("/t/a.json", Self.list("a"))
        let answers = await Self.run(
            ["/t/a.json"], sleeps: 8, files, at: [2_000: { $0.write("/t/a.json", Self.list("b")) }])
        #expect(answers.map(\.text) == ["a:1", "b:1", "b:1"])
        #expect(answers[1].ms <= 2_000 + 2 * FileSource.checkMs && answers[2].ms <= answers[1].ms + 2_000)
    }

    @Test func aFileThatIsTruncatedIsNoEmptyList() async {
        let files = VirtualFiles()
        files.write("/t/a.json", Self.list("a"))
        let answers = await Self.run(
            ["/t/a.json"], sleeps: 12, files,
            at: [2_000: { $0.write("/t/a.json", "") }, 6_000: { $0.write("/t/a.json", Self.list("a")) }])
        #expect(answers.map(\.text).contains { $0.hasPrefix("failed: /t/a.json: it is empty") })
        #expect(answers.last?.text == "a:1" && !answers.contains { $0.text == "" })
    }

    @Test func oneFileThatCannotBeReadMakesTheWholeAnswerUnusable() async {
        let files = VirtualFiles()
        files.write("/t/a.json", Self.list("a"))
        files.write("/t/b.yml", "- targets: nothing\n")
        let answers = await Self.run(["/t/a.json", "/t/b.yml"], sleeps: 0, files)
        #expect(answers.count == 1 && answers[0].text.hasPrefix("failed: /t/b.yml: line 1"))
    }

    @Test func aDeletedFileTakesItsTargetsAlongAndTheLastOneDoesNot() async {
        let files = VirtualFiles()
        files.write("/t/a.json", Self.list("a"))
        files.write("/t/b.json", Self.list("b"))
        let answers = await Self.run(
            ["/t/*.json"], sleeps: 16, files,
            at: [2_000: { $0.remove("/t/b.json") }, 8_000: { $0.remove("/t/a.json") }])
        #expect(answers.map(\.text).prefix(2) == ["a:1 b:1", "a:1"])
        #expect(answers.last?.text.hasPrefix("failed: no file matches") == true)
    }

    @Test func aMissingFileIsAnError() async {
        let answers = await Self.run(["/t/a.json"], sleeps: 0, VirtualFiles())
        #expect(answers[0].text.hasPrefix("failed: /t/a.json: the file cannot be read"))
    }

    @Test func aFileThatIsTooLargeIsRefused() async {
        let files = VirtualFiles()
        files.write("/t/a.json", String(repeating: " ", count: SourceLimits.bodyBytes) + Self.list("a"))
        let answers = await Self.run(["/t/a.json"], sleeps: 0, files)
        #expect(answers[0].text.contains("it is larger than"))
    }

    /// On the real disk: a file that is renamed into place, and a link that is swapped as a mounted ConfigMap's is.
    @Test func theStampOfAFileFollowsRenamesAndLinks() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("stamp-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["one", "two"] {
            let data = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            try Data(Self.list(name).utf8).write(to: data.appendingPathComponent("a.json"))
        }
        let (files, path) = (DiskTargetFiles(), folder.path + "/..data/a.json")
        #expect(files.stamp(path) == nil)
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/..data", withDestinationPath: "one")
        let first = files.stamp(path)
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/..new", withDestinationPath: "two")
        #expect(rename(folder.path + "/..new", folder.path + "/..data") == 0)
        #expect(first != nil && files.stamp(path) != nil && files.stamp(path) != first)
        #expect(files.expand(folder.path + "/..data/*.json") == [path])
        let before = files.stamp(folder.path + "/one/a.json")
        try Data(Self.list("one").utf8).write(to: folder.appendingPathComponent("one/a.json"), options: .atomic)
        #expect(files.stamp(folder.path + "/one/a.json") != before)
    }
}

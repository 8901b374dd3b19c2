import Foundation
import Testing

@testable import Simulation

/// Whole lives of the daemon, drawn from a seed.
@Suite("A simulated life")
struct SimulationTests {
    /// Ten seeds per row, so that the rows can run beside each other.
    @Test(arguments: 0..<6)
    func passesEveryCheck(_ row: Int) {
        for seed in UInt64(row * 10 + 1)...UInt64(row * 10 + 10) {
            let report = Simulation.run(seed: seed)
            #expect(report.failure == nil, "\(report.summary)")
        }
    }

    @Test(arguments: [UInt64](1...6))
    func goesTheSameWayTwice(_ seed: UInt64) {
        var first: [String] = []
        var second: [String] = []
        let one = Simulation.run(seed: seed) { first.append($0) }
        let two = Simulation.run(seed: seed) { second.append($0) }
        #expect(one.digest == two.digest)
        #expect(one.steps == two.steps)
        #expect(first == second)
    }

    /// The same with several daemons, and with a configuration centre.
    @Test(arguments: SimulationTests.shared)
    func goesTheSameWayTwiceTogether(_ seed: UInt64) {
        let one = Simulation.run(seed: seed)
        let two = Simulation.run(seed: seed)
        #expect(one.failure == nil, "\(one.summary)")
        #expect(one.digest == two.digest)
    }

    private static let shared: [UInt64] = seeds { $0.replicas > 1 } + seeds { $0.hasCentre }

    /// The first three whose worlds are wanted.
    private static func seeds(_ isWanted: @escaping (Swarm) -> Bool) -> [UInt64] {
        let found = UInt64(1)...500
        return Array(
            found.lazy.filter { seed in
                var dice = Dice(seed: seed)
                return isWanted(Swarm(dice: &dice))
            }.prefix(3))
    }

    @Test func goesAnotherWayWithAnotherSeed() {
        let digests = (1...20).map { Simulation.run(seed: $0).digest }
        #expect(Set(digests).count == digests.count)
    }

    /// A world in which nothing ever happens would pass every check.
    @Test func livesThroughEverythingThatMatters() {
        var seen: [String: Int] = [:]
        let marks = [
            "acknowledged", "acted_before_durable", "abandoned", "drifted", "rearmed", ": the baseline breaches",
            "ended: promoted", "ended: withdrawn", "ended: replaced", "a crash in the middle", "dry run",
            "no space left", "starting degraded", "files: refused", "configuration reloaded", "put back to", "resolved",
            "exporter severalProcesses", "exporter cachesBody",
            "store: lead leader of rg-3", "store: restored from a backup", "store: the answer to write",
            "with its machine",
            "takes the canary out", "centre: restored from a backup", "centre: a manifest before its files",
            "with errors",
        ]
        for seed in UInt64(1)...300 where marks.contains(where: { seen[$0] == nil }) {
            _ = Simulation.run(seed: seed) { line in
                for mark in marks where line.contains(mark) { seen[mark, default: 0] += 1 }
            }
        }
        for mark in marks { #expect(seen[mark, default: 0] > 0, "never seen: \(mark)") }
    }

    /// A hash table's order or an address in memory would differ between two processes.
    @Test(.enabled(if: program != nil, "the program was not built beside the tests"))
    func goesTheSameWayInTwoProcesses() throws {
        let first = try SimulationTests.lines(of: ["--seeds", "8"])
        let second = try SimulationTests.lines(of: ["--seeds", "8", "--workers", "1"])
        #expect(first.dropLast() == second.dropLast())
        #expect(first.count == 9)
        let here = (1...8).map { Simulation.run(seed: UInt64($0)).summary }
        #expect(Array(first.dropLast()) == here)
        let digests = [first, second].map { lines in lines.last?.firstMatch(of: /digest [0-9a-f]+/).map { String($0.0) }
        }
        #expect(digests[0] != nil && digests[0] == digests[1])
    }

    @Test(
        .enabled(if: program != nil, "the program was not built beside the tests"),
        arguments: [
            ["--seeds", "0"], ["--workers", "0"], ["--trace", "--seeds", "2"], ["--seed", "x"], ["--seconds", "-1"],
        ])
    func refusesWhatMakesNoSense(_ arguments: [String]) throws {
        #expect(try SimulationTests.run(arguments).status == 64)
    }

    private static let program: URL? = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix("PackageTests.xctest") }
        let folder = bundle.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        let path = folder?.appendingPathComponent("rollguard-lab")
        return path.flatMap { FileManager.default.isExecutableFile(atPath: $0.path) ? $0 : nil }
    }()

    private static func lines(of arguments: [String]) throws -> [String] {
        try run(arguments).text.split(separator: "\n").map(String.init)
    }

    private static func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = program
        process.arguments = ["simulate"] + arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}

import Foundation
import Testing

/// A target that accepts and says nothing.
@Suite("A target that hangs", .serialized, .enabled(if: Executable.path != nil, "the executable is not built"))
struct HangingTargetTests {
    /// With a timeout as long as the interval every second cycle would fall out.
    @Test func takesNoCycleFromTheOthers() async throws {
        let world = try await LiveWorld.start()
        let silent = SilentServer()
        let address = try await silent.start()
        let path = world.configurationPath
        var text = try String(contentsOfFile: path, encoding: .utf8)
        text.replace("{interval: 250ms, timeout: 250ms}", with: "{interval: 1s, timeout: 1s}")
        text.replace("{version: v1, targets: [", with: "{version: v1, targets: [\"\(address)\", ")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let daemon = try Executable(["run", "--config", path], folder: world.folder)

        var (cycles, skipped, failures) = (0, 0, 0)
        let isDone = await eventually {
            guard let match = daemon.text.firstMatch(of: /the API listens on ([0-9.:]+)/) else { return false }
            let page = try await HTTP.send("GET", URL(string: "http://\(match.1)/metrics")!).text
            cycles = Self.value("rollguard_cycles_total{release=\"checkout\"}", page)
            skipped = Self.value("rollguard_cycles_skipped_total{release=\"checkout\"}", page)
            failures = Self.value(
                "rollguard_scrapes_total{release=\"checkout\",pool=\"baseline\",result=\"failure\"}", page)
            return cycles >= 5
        }
        #expect(isDone, "\(daemon.text)")
        // A busy machine may lose one.
        #expect(skipped < cycles / 2 && failures >= cycles)
        await daemon.kill9()
        try await silent.stop()
        await world.stop()
    }

    private static func value(_ series: String, _ page: String) -> Int {
        let line = page.split(separator: "\n").first { $0.hasPrefix(series + " ") }
        return line.flatMap { Int($0.dropFirst(series.count + 1)) } ?? 0
    }
}

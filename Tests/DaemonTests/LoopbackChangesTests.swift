import Foundation
import Testing

@testable import rollguard

/// `changes: loopback` as the one who starts the daemon asks for it.
@Suite(.serialized, .enabled(if: Executable.path != nil, "the executable is not built"))
struct LoopbackChangesTests {
    @Test(arguments: [
        (["--allow-loopback-changes"], [:]), ([], [LoopbackChanges.variable: "1"]),
        (["--allow-loopback-changes"], [LoopbackChanges.variable: "0"]),
    ])
    func changesAreTakenOverLoopbackAndNotThroughAProxy(
        _ arguments: [String], _ environment: [String: String]
    ) async throws {
        let world = try await LiveWorld.start()
        let (daemon, address) = try await Self.start(world, arguments, environment)
        let rollback = try #require(URL(string: "http://\(address)/api/v1/releases/checkout/rollback"))
        let body = #"{"reason":"test"}"#
        for header in ["X-Forwarded-For", "Forwarded", "Via"] {
            let refused = try await HTTP.send("POST", rollback, body: body, headers: [header: "10.0.0.9"])
            #expect(refused.status == 403, "\(header): \(refused.text)")
        }
        #expect(try await HTTP.send("POST", rollback, body: body).status == 202)
        #expect(daemon.text.contains("taken from loopback addresses without a token"), "\(daemon.text)")
        await daemon.kill9()
        await world.stop()
    }

    /// The configuration decides where it says who may change something.
    @Test(arguments: ["changes: socket", "token_env: PATH"])
    func aTokenAndChangesComeFirst(_ setting: String) async throws {
        let world = try await LiveWorld.start()
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
        try text.replacingOccurrences(of: "listen: 127.0.0.1:0", with: "listen: {address: \"127.0.0.1:0\", \(setting)}")
            .write(toFile: world.configurationPath, atomically: true, encoding: .utf8)
        let (daemon, address) = try await Self.start(world, ["--allow-loopback-changes"], [:])
        let reload = try #require(URL(string: "http://\(address)/-/reload"))
        let refused = try await HTTP.send("POST", reload)
        #expect(refused.status == (setting.hasPrefix("token") ? 401 : 403), "\(refused.text)")
        #expect(daemon.text.contains("--allow-loopback-changes has no effect"), "\(daemon.text)")
        await daemon.kill9()
        await world.stop()
    }

    @Test(arguments: [("", false), ("0", false), ("1", true)])
    func theVariableIsOneOrZero(_ value: String, _ isAllowed: Bool) throws {
        #expect(
            try LoopbackChanges.isAllowed(byFlag: false, environment: [LoopbackChanges.variable: value]) == isAllowed)
    }

    @Test(arguments: ["yes", "true", "2", " 1"])
    func anotherValueIsAnError(_ value: String) {
        #expect(throws: Failure.self) {
            try LoopbackChanges.isAllowed(byFlag: true, environment: [LoopbackChanges.variable: value])
        }
    }

    private static func start(
        _ world: LiveWorld, _ arguments: [String], _ environment: [String: String]
    ) async throws -> (Executable, String) {
        let daemon = try Executable(
            ["run", "--config", world.configurationPath] + arguments, folder: world.folder, environment: environment)
        var address = ""
        let isListening = await eventually {
            guard let match = daemon.text.firstMatch(of: /the API listens on ([0-9.:]+)/) else { return false }
            address = String(match.1)
            return true
        }
        #expect(isListening, "\(daemon.text)")
        return (daemon, address)
    }
}

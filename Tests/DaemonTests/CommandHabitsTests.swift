import DemoWorld
import Foundation
import Testing

/// What operators type at a daemon that runs, and what they get to read.
@Suite("Habits of the command line", .enabled(if: Executable.path != nil, "the executable is not built"))
struct CommandHabitsTests {
    /// A world with a daemon on a port that is known beforehand, so that the configuration says where it is.
    private struct Watched {
        let world: LiveWorld
        let daemon: Executable

        static func start(_ change: (String) -> String = { $0 }) async throws -> Watched {
            let world = try await LiveWorld.start()
            let port = try Scratch.port()
            let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
                .replacing("listen: 127.0.0.1:0", with: "listen: 127.0.0.1:\(port)")
            try change(text).write(toFile: world.configurationPath, atomically: true, encoding: .utf8)
            let daemon = try Executable(["run", "--config", world.configurationPath], folder: world.folder)
            #expect(await eventually { daemon.text.contains("checkout: watching") }, "\(daemon.text)")
            return Watched(world: world, daemon: daemon)
        }

        func run(_ arguments: [String]) async throws -> (status: Int32?, text: String) {
            let command = try Executable(
                arguments + ["--config", world.configurationPath], folder: world.folder)
            let end = await command.end()
            return (end?.status, command.text)
        }

        func give(_ percent: Int) async throws {
            let url = try #require(URL(string: "http://\(world.adminAddress)/api/v1/split"))
            #expect(try await HTTP.send("PUT", url, body: #"{"canary_percent":\#(percent)}"#).status == 200)
        }

        func stop() async {
            await daemon.kill9()
            await world.stop()
        }
    }

    /// The same service under a second name.
    private static func withASecondRelease(_ text: String) -> String {
        guard let start = text.range(of: "  - name: checkout\n    scrape") else { return text }
        return text
            + text[start.lowerBound...].replacing("- name: checkout\n    scrape", with: "- name: payment\n    scrape")
    }

    @Test func aStatusCanBeOfOneRelease() async throws {
        let watched = try await Watched.start(Self.withASecondRelease)
        let all = try await watched.run(["status"])
        #expect(all.text.contains("checkout: ") && all.text.contains("payment: "), "\(all.text)")
        let one = try await watched.run(["status", "payment"])
        #expect(one.status == 0 && one.text.contains("payment: ") && !one.text.contains("checkout: "), "\(one.text)")
        let json = try await watched.run(["status", "payment", "-o", "json"])
        let object = try JSONSerialization.jsonObject(with: Data(json.text.utf8)) as? [String: Any]
        #expect(json.status == 0 && object?["name"] as? String == "payment", "\(json.text)")
        let misspelt = try await watched.run(["status", "paymant"])
        #expect(misspelt.status == 1 && misspelt.text.contains("did you mean 'payment'?"), "\(misspelt.text)")
        let strange = try await watched.run(["status", "x"])
        #expect(strange.status == 1 && strange.text.contains("there are: checkout, payment"), "\(strange.text)")
        await watched.stop()
    }

    /// `--by` names the caller in the record, and after `rearm` the canary is watched when the router gives it traffic.
    @Test func whoAskedIsKeptAndRearmSaysHowTrafficReturns() async throws {
        let watched = try await Watched.start()
        let rollback = try await watched.run(
            ["rollback", "checkout", "--reason", "carts are empty", "--by", "ann of the shop"])
        #expect(rollback.status == 0, "\(rollback.text)\n\(watched.daemon.text)")
        let why = try await watched.run(["why"])
        #expect(why.text.contains("by       ann of the shop: carts are empty"), "\(why.text)")
        let rearm = try await watched.run(
            ["rearm", "checkout", "--reason", "it was the cache", "--by", "bob"])
        #expect(rearm.status == 0, "\(rearm.text)")
        #expect(
            rearm.text.contains("v2 may be tried again. No traffic was moved: it is watched as soon as"),
            "\(rearm.text)")
        let journal = try await watched.run(["why"])
        #expect(journal.text.contains("rearmed by bob: it was the cache"), "\(journal.text)")
        let idle = try await watched.run(["status", "checkout"])
        #expect(idle.text.contains("checkout: idle"), "\(idle.text)")
        try await watched.give(30)
        let isWatched = await eventually {
            try await watched.run(["status", "checkout"]).text.contains("checkout: watching")
        }
        #expect(isWatched, "\(watched.daemon.text)")
        #expect(try await watched.world.canaryBasisPoints() == 3_000)
        await watched.stop()
    }

    @Test func whatLetsACanaryStayIsSaidWhenItIsPutBack() async throws {
        let watched = try await Watched.start()
        let rollback = try await watched.run(["rollback", "checkout", "--reason", "test"])
        #expect(rollback.status == 0, "\(rollback.text)")
        try await watched.give(30)
        let isSaid = await eventually {
            watched.daemon.text.contains("a new 'canary.version', or `rollguard rearm checkout`, lets it stay")
        }
        #expect(isSaid, "\(watched.daemon.text)")
        let isSent = await eventually {
            let webhook = await watched.world.sink.firstReceived(event: "rollback_drifted")
            return webhook.map { String(decoding: $0.body, as: UTF8.self).contains("rollguard rearm checkout") }
                ?? false
        }
        #expect(isSent)
        await watched.stop()
    }

    @Test func aTargetIsInspectedByHostAndPort() async throws {
        let service = DemoService(version: "v1", instance: "old", fault: .none, seed: 1)
        let address = try await service.start()
        let folder = try Scratch.folder("inspect")
        let command = try Executable(["inspect", address], folder: folder)
        let status = await command.end()?.status
        let (text, last) = (command.text, command.text.split(separator: "\n").last ?? "")
        await service.stop()
        #expect(status == 0 && last.contains("samples of") && last.contains("requests: http_requests_total"), "\(text)")
        // A file of that name comes first.
        try "a 1\n".write(to: folder.appendingPathComponent("host:80"), atomically: true, encoding: .utf8)
        let file = try Executable(["inspect", folder.path + "/host:80"], folder: folder)
        #expect(await file.end()?.status == 0 && file.text.hasPrefix("a 1\n"), "\(file.text)")
        try? FileManager.default.removeItem(at: folder)
    }

    /// What a caller without the token has to do, and what one with another token has to know.
    @Test func aMissingTokenNamesTheOption() async throws {
        let token = FileManager.default.temporaryDirectory.appendingPathComponent("token-\(UUID().uuidString)").path
        try "s3cret\n".write(toFile: token, atomically: true, encoding: .utf8)
        let watched = try await Watched.start {
            $0.replacing(/listen: (127.0.0.1:[0-9]+)/) { "listen: {address: \"\($0.1)\", token_file: \(token)}" }
        }
        let text = try String(contentsOfFile: watched.world.configurationPath, encoding: .utf8)
        let address = try #require(text.firstMatch(of: /address: "([0-9.:]+)"/).map { String($0.1) })
        let call = ["rearm", "checkout", "--reason", "test", "--address", address]
        let without = try Executable(call, folder: watched.world.folder)
        #expect(await without.end()?.status == 1)
        #expect(
            without.text.contains("--token-file, ROLLGUARD_TOKEN_FILE or --config says where the token is"),
            "\(without.text)")
        let wrong = watched.world.folder.appendingPathComponent("wrong").path
        try "another\n".write(toFile: wrong, atomically: true, encoding: .utf8)
        let refused = try Executable(call + ["--token-file", wrong], folder: watched.world.folder)
        #expect(await refused.end()?.status == 1)
        #expect(refused.text.contains("the token that was sent is not the daemon's"), "\(refused.text)")
        #expect(!refused.text.contains("another"))
        await watched.stop()
        try? FileManager.default.removeItem(atPath: token)
    }

    /// Foundation's and NIO's own errors name functions of theirs.
    @Test(arguments: [
        ["load", "--target", "127.0.0.1:1", "--count", "3"], ["inspect", "127.0.0.1:1"],
        ["status", "--address", "127.0.0.1:1"], ["init", "--baseline", "127.0.0.1:1", "--canary", "127.0.0.1:1"],
        ["service", "v1", "--listen", "192.0.2.1:1"],
    ])
    func errorsOfConnectionsAreSentences(_ arguments: [String]) async throws {
        let folder = try Scratch.folder("command")
        let command = try Executable(arguments, folder: folder)
        _ = await command.end()
        #expect(!command.text.isEmpty)
        for part in ["descriptor:", "errno", "NSError", "NIO", "Error("] {
            #expect(!command.text.contains(part), "\(part) in \(command.text)")
        }
        try? FileManager.default.removeItem(at: folder)
    }
}

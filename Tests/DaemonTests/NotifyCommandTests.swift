import DemoWorld
import Foundation
import Testing

@Suite("rollguard notify", .enabled(if: Executable.path != nil, "the executable is not built"))
struct NotifyCommandTests {
    private struct Result {
        let status: Int32?
        let text: String
    }

    private static func notify(_ world: LiveWorld, _ arguments: [String]) async throws -> Result {
        let all = ["notify", "--config", world.configurationPath] + arguments
        let command = try Executable(all, folder: world.folder)
        let end = await command.end()
        return Result(status: end?.status, text: command.text)
    }

    @Test func aTestIsDeliveredAndClosesWhatItOpens() async throws {
        let world = try await LiveWorld.start()
        let result = try await Self.notify(world, ["--test"])
        let received = await world.sink.received()
        await world.stop()
        #expect(result.status == 0, "\(result.text)")
        let events = received.compactMap { $0.headers["rollguard-event"] }
        #expect(events == ["rollback_intended", "rollback_acknowledged", "rearmed"])
        #expect(received.allSatisfy { $0.text.contains("TEST") })
        #expect(received.allSatisfy { $0.headers["rollguard-delivery"]?.hasPrefix("test-") == true })
    }

    @Test func aRefusalAndAnUnreachableReceiverHaveExitCodesOfTheirOwn() async throws {
        let world = try await LiveWorld.start()
        await world.sink.answer(status: 400, times: 10)
        let refused = try await Self.notify(world, ["--test", "--event", "router_recovered"])
        await world.sink.stop()
        let unreachable = try await Self.notify(world, ["--test", "--event", "router_recovered"])
        await world.stop()
        #expect(refused.status == 1 && refused.text.contains("refused: it answered with status 400"), "\(refused.text)")
        #expect(unreachable.status == 3 && unreachable.text.contains("not delivered: "), "\(unreachable.text)")
    }

    @Test func printingSendsNothing() async throws {
        let world = try await LiveWorld.start()
        let result = try await Self.notify(world, ["--print", "--event", "rollback_held"])
        let received = await world.sink.received()
        await world.stop()
        #expect(result.status == 0 && result.text.contains("POST http://127.0.0.1"), "\(result.text)")
        #expect(result.text.contains("rollback_held") && received.isEmpty)
    }

    @Test(arguments: [
        ([], "either --test"), (["--test", "--print"], "either --test"),
        (["--test", "nowhere"], "no receiver 'nowhere'"),
        (["--test", "--event", "party"], "no event 'party'"),
    ])
    func wrongUsageIsExplained(_ arguments: [String], _ expected: String) async throws {
        let world = try await LiveWorld.start()
        let result = try await Self.notify(world, arguments)
        await world.stop()
        #expect(result.status == 2 && result.text.contains(expected), "\(result.text)")
    }
}

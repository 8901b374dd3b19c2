import Logging
import ServiceLifecycle
import SystemSupport
import Testing

@testable import Daemon

/// The daemon that was released first ended itself after a minute, because a service's loop returned.
@Suite("A service of the daemon runs until shutdown", .timeLimit(.minutes(15)))
struct EndlessServiceTests {
    private struct DiskIsGone: Error, CustomStringConvertible {
        var description: String { "the disk is gone" }
    }

    private func group(_ services: [EndlessService]) -> ServiceGroup {
        ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }

    private let forever = EndlessService("neighbour", SystemClock()) {
        while true { try await Task.sleep(for: .seconds(60)) }
    }

    @Test func aLoopThatReturnsIsAnErrorThatNamesIt() async throws {
        let group = group([forever, EndlessService("trimming", SystemClock()) {}])
        let error = await #expect(throws: EndedService.self) { try await group.run() }
        #expect(error?.name == "trimming")
        #expect("\(try #require(error))".contains("trimming ended: it returned"))
    }

    @Test func aLoopThatFailsIsAnErrorThatSaysWhy() async throws {
        let group = group([forever, EndlessService("journal writer", SystemClock()) { throw DiskIsGone() }])
        let error = await #expect(throws: EndedService.self) { try await group.run() }
        #expect("\(try #require(error))" == "the daemon stops because its journal writer ended: the disk is gone")
    }

    @Test func aGracefulShutdownIsNoError() async throws {
        let (started, signal) = AsyncStream<Void>.makeStream()
        let group = group([
            forever,
            EndlessService("signal", SystemClock()) {
                signal.finish()
                while true { try await Task.sleep(for: .seconds(60)) }
            },
        ])
        async let running: Void = group.run()
        for await _ in started {}
        await group.triggerGracefulShutdown()
        try await running
    }
}

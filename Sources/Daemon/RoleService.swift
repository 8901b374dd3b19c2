import Logging
import Model
import Scraping

/// Has the scrapes follow when the places of a release get other versions or other roles.
final class RoleService: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        // What matters is the plan at the end, so one pending change is enough for all.
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func poolsChanged() { continuation.yield() }

    func run(watchdog: Watchdog, scrapes: ScrapeService, logger: Logger) async {
        for await _ in stream {
            do { try await scrapes.follow(await watchdog.effectivePlan()) } catch {
                logger.error("the scrapes cannot follow the new roles: \(error)")
            }
        }
    }
}

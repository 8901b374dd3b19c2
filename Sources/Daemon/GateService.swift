import Logging
import Model
import Notifications
import Ports

/// Asks webhook gates for the kernel, each in a task of its own. What is lost is asked again by the kernel.
final class GateService: Sendable {
    /// A release asks one gate at a time.
    private static let queueLimit = 10_000

    private let client: GateClient
    private let externalURL: String?
    private let tokens: GateTokens
    private let stream: AsyncStream<GateQuestion>
    private let continuation: AsyncStream<GateQuestion>.Continuation

    init(client: GateClient, externalURL: String?, tokens: GateTokens) {
        self.tokens = tokens
        self.client = client
        self.externalURL = externalURL
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(GateService.queueLimit))
    }

    func enqueue(_ question: GateQuestion) { continuation.yield(question) }

    /// With the question's token: whoever is asked needs no other right on this daemon.
    private func answerURL(_ id: String) -> String? {
        externalURL.map { base in
            "\(base)/api/v1/gates/\(id)/answer" + (tokens.token(gate: id).map { "?token=\($0)" } ?? "")
        }
    }

    func run(watchdog: Watchdog) async {
        await withDiscardingTaskGroup { group in
            for await question in stream {
                group.addTask {
                    let result = await self.client.ask(question, answerURL: self.answerURL(question.id))
                    await watchdog.send(.gateTried(release: question.release, id: question.id, result))
                }
            }
        }
    }
}

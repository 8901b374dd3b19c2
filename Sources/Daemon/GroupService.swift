import API
import Kernel
import Model
import Ports

/// Asks companions on other daemons for the kernel, each in a task of its own. What is lost is noticed by the kernel.
final class GroupService: Sendable {
    /// A companion has one call at a time.
    private static let queueLimit = 10_000

    private let client: GroupClient
    private let stream: AsyncStream<GroupCall>
    private let continuation: AsyncStream<GroupCall>.Continuation

    init(client: GroupClient) {
        self.client = client
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(GroupService.queueLimit))
    }

    func enqueue(_ call: GroupCall) { continuation.yield(call) }

    func run(watchdog: Watchdog) async {
        await withDiscardingTaskGroup { group in
            for await call in stream {
                group.addTask { [client] in
                    let answer = await client.ask(call)
                    await watchdog.send(.companionAnswered(release: call.release, call: call.number, answer))
                }
            }
        }
    }
}

/// `POST /api/v1/groups/{name}/prepare` and `…/commit` of another daemon.
struct GroupClient: Sendable {
    private static let bodyLimitBytes = 64 << 10

    let transport: any HTTPTransport

    func ask(_ call: GroupCall) async -> GroupAnswer {
        let order = call.order
        let request = HTTPRequest(
            method: "POST", url: "\(call.daemon.url)/api/v1/groups/\(order.link.group)/\(order.kind.rawValue)",
            headers: [TextPair("Content-Type", "application/json"), TextPair("Idempotency-Key", order.link.key)],
            body: GroupOrderDocument(order).json, connectTimeoutMs: min(2_000, call.timeoutMs),
            timeoutMs: call.timeoutMs, bodyLimitBytes: GroupClient.bodyLimitBytes, security: call.daemon.security)
        do throws(TransportError) { return Self.answer(try await transport.send(request)) } catch {
            return .unknown(reason: "its daemon cannot be reached: \(error)")
        }
    }

    /// What is no answer of ours may come from a proxy, and another try may get through.
    private static func answer(_ response: HTTPResponse) -> GroupAnswer {
        GroupAnswerDocument.answer(response.body, status: response.status)
            ?? .unknown(reason: "its daemon answered with status \(response.status)")
    }
}

import Model
import Ports
import Synchronization

/// Brings messages to a service as its kind says.
///
/// Remembers, per subject, how the service names the message that it took, so that a later event changes the message instead
/// of adding one. The memory is bounded, and the newest are kept over a restart.
final class ServiceReceiver<Kind: ServiceKind>: Receiver {
    private let plan: ReceiverPlan
    private let settings: Kind.Settings
    private let setup: ReceiverSetup
    private let handles: Mutex<MessageHandles>

    init(plan: ReceiverPlan, settings: Kind.Settings, setup: ReceiverSetup) {
        self.plan = plan
        self.settings = settings
        self.setup = setup
        handles = Mutex(setup.memory?.load(receiver: plan.name).map { MessageHandles(bytes: $0) } ?? MessageHandles())
    }

    var name: String { plan.name }

    func takeOver(from previous: any Receiver) {
        guard let previous = previous as? ServiceReceiver<Kind>, previous !== self else { return }
        let known = previous.handles.withLock { $0 }
        handles.withLock { $0 = known }
    }

    /// A message that changes reports one subject alone.
    func canGroup(_ notification: Notification) -> Bool {
        Kind.isReadByPeople && handles.withLock { $0.handle(of: notification.subject) } == nil
    }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        let content = setup.content(plan, delivery.notification)
        let first = await attempt(content, delivery)
        guard case .unchangeable = first else { return first.outcome }
        change { $0.forget(content.subject) }
        return await attempt(content, delivery).outcome
    }

    /// All calls of a delivery. A failure in between repeats the earlier ones at the next attempt.
    private func attempt(_ content: MessageContent, _ delivery: Delivery) async -> AnswerMeaning {
        var last = AnswerMeaning.delivered()
        do throws(SecretError) {
            for call in try Kind.calls(content, try site(content, delivery)) {
                last = await make(call)
                guard case .delivered(let handle) = last else { return last }
                if let handle { change { $0.note(handle, of: content.subject) } }
            }
        } catch { return .retry("\(error)") }
        return last
    }

    private func change(_ body: (inout MessageHandles) -> Void) {
        let kept = handles.withLock { handles in
            body(&handles)
            return handles.bytes
        }
        setup.memory?.save(kept, receiver: plan.name)
    }

    private func site(
        _ content: MessageContent, _ delivery: Delivery
    ) throws(SecretError) -> ServiceSite<Kind.Settings> {
        let address = try plan.urlSecret.map { reference throws(SecretError) in try setup.secrets.secret(reference) }
        let written = address ?? plan.url
        return ServiceSite(
            plan: plan, settings: settings, address: written.hasSuffix("/") ? String(written.dropLast()) : written,
            nowWallMs: setup.clock(), delivery: delivery, externalURL: setup.externalURL,
            handle: handles.withLock { $0.handle(of: content.subject) }, secrets: setup.secrets)
    }

    private func make(_ call: ServiceCall) async -> AnswerMeaning {
        let body: [UInt8]
        do { body = try call.bytes() } catch {
            return .refused("the notification could not be encoded as JSON: \(error)")
        }
        guard call.url.hasPrefix("http://") || call.url.hasPrefix("https://") else {
            return .retry("the receiver's address is not an http:// or https:// URL")
        }
        let request = HTTPRequest(
            method: call.method, url: call.url,
            headers: [TextPair("Content-Type", call.contentType)] + call.headers + plan.headers, body: body,
            connectTimeoutMs: min(2_000, plan.timeoutMs), timeoutMs: plan.timeoutMs, bodyLimitBytes: 64 << 10,
            isStatusEnough: !Kind.readsBody, security: plan.security)
        do throws(TransportError) {
            return Kind.meaning(ServiceAnswer(response: try await setup.transport.send(request)), settings)
        } catch {
            // A certificate is renewed, a file appears, a name resolves again: only the receiver's own no is final.
            return .retry("\(error)")
        }
    }
}

/// How a service names the messages that can be changed, by subject.
struct MessageHandles: Sendable {
    /// Subjects that are remembered; the oldest one is forgotten first.
    static let limit = 1_000

    private var handles: [String: MessageHandle] = [:]
    private var order: [String] = []

    /// The newest ones, the oldest of them first.
    func newest(_ count: Int) -> [(subject: String, handle: MessageHandle)] {
        order.suffix(count).compactMap { subject in handles[subject].map { (subject, $0) } }
    }

    func handle(of subject: String) -> MessageHandle? { handles[subject] }

    mutating func note(_ handle: MessageHandle, of subject: String) {
        if handles.updateValue(handle, forKey: subject) == nil { order.append(subject) }
        if order.count > Self.limit { handles[order.removeFirst()] = nil }
    }

    mutating func forget(_ subject: String) {
        handles[subject] = nil
        order.removeAll { $0 == subject }
    }
}

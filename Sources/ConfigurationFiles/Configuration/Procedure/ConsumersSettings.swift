import Declarations
import Model
import Ports
import Support

/// The fields of a step that pauses consumers.
struct ConsumersSettings {
    let folder: ConfigurationFolder

    var settings: [Setting<ConsumersWork>] {
        [
            .required(
                "broker", \.broker, .choice(ConsumersWork.Broker.self),
                "`nats`: a consumer of JetStream, server 2.11 or newer; `rabbitmq`: a user that the canary alone has"),
            .value(
                "action", \.action, .choice(ConsumersWork.Action.self), "`resume` is for a step that takes a pause back"
            ),
            .required(
                "url", \.url, .line(limit: 300),
                "`nats://host:4222` or `tls://host:4222`; of `rabbitmq` where the management API is: `http://host:15672`"
            ),
            .optional("stream", \.stream, .line(limit: 200), "of `nats`: the stream"),
            .optional("consumer", \.consumer, .line(limit: 200), "of `nats`: the name of the consumer"),
            .value(
                "for", \.pauseMs, .duration(1_000...31_536_000_000),
                "of `nats`: how long the pause lasts, unless it is ended before"),
            .value("vhost", \.virtualHost, .line(limit: 200), "of `rabbitmq`: the virtual host"),
            .optional("user", \.user, .line(limit: 200), "of `rabbitmq`: the user that the canary's consumers have"),
            .value(
                "read", \.readPattern, .line(limit: 500),
                "of `rabbitmq` with `action: resume`: the queues that the user may read again, as a pattern"),
        ] + Setting.security(\.security, folder)
    }

    /// - Returns: false after reporting what is missing.
    static func check(_ work: ConsumersWork, _ fields: Fields) -> Bool {
        func need(_ name: String, _ isThere: Bool) -> Bool {
            if !isThere { fields.fail("consumers of '\(work.broker.rawValue)' need '\(name)'") }
            return isThere
        }
        func address(_ isUsable: Bool, _ example: String) -> Bool {
            if !isUsable { fields["url"]?.fail("\(Quote.value(work.url)) is no such address; write \(example)") }
            return isUsable
        }
        switch work.broker {
        case .nats:
            let scheme = BrokerAddress(work.url)?.scheme
            return need("stream", isToken(work.stream)) && need("consumer", isToken(work.consumer))
                && address(scheme == .nats || scheme == .natsTLS, "nats://host:4222 or tls://host:4222")
        case .rabbitmq:
            let isHTTP = work.url.hasPrefix("http://") || work.url.hasPrefix("https://")
            return need("user", work.user != nil)
                && address(isHTTP && !work.url.hasSuffix("/"), "http://host:15672, without a slash at its end")
        }
    }

    /// A part of a subject of NATS.
    private static func isToken(_ text: String?) -> Bool {
        guard let text, !text.isEmpty else { return false }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !".*>".utf8.contains($0) }
    }
}

/// The receivers of steps that publish events.
enum EventReceivers {
    /// A step whose receiver is not there, or sends no CloudEvents, would fail in the middle of a rollback.
    static func check(_ plan: Plan, _ fields: Fields) -> Bool {
        var isUsable = true
        for release in plan.releases {
            for step in release.procedure?.steps ?? [] {
                guard case .event(let name) = step.work, let problem = problem(name, plan) else { continue }
                isUsable = false
                fields.fail(
                    at: fields.namePlace("releases"),
                    "the step \(Quote.name(step.name)) of \(Quote.name(release.name)) publishes by \(problem)")
            }
        }
        return isUsable
    }

    private static func problem(_ name: String, _ plan: Plan) -> String? {
        let known = plan.receivers.filter { type(of: $0.kind.settings).sendsCloudEvents }.map(\.name)
        if known.contains(name) { return nil }
        guard let other = plan.receivers.first(where: { $0.name == name }) else {
            return "\(Quote.name(name)), and there is no such receiver" + Quote.suggestion(for: name, among: known)
        }
        return "\(Quote.name(name)), and receivers of the kind \(other.kind.name) send no CloudEvents"
    }
}

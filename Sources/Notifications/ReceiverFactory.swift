public import Model
public import Ports

/// Makes the receiver that a plan describes.
public enum ReceiverFactory {
    /// - Parameters:
    ///   - externalURL: the base of links into the daemon's API (``DaemonPlan/externalURL``); nil for no links.
    ///   - clock: milliseconds since the epoch, for the signature's timestamp.
    public static func make(
        plan: ReceiverPlan, transport: any HTTPTransport, secrets: any SecretStore, externalURL: String?,
        clock: @escaping @Sendable () -> Int64
    ) -> any Receiver {
        let post = JSONDelivery(plan: plan, transport: transport, secrets: secrets)
        switch plan.kind {
        case .webhook:
            return WebhookReceiver(plan: plan, post: post, secrets: secrets, clock: clock, externalURL: externalURL)
        case .alertmanagerWebhook:
            return AlertmanagerWebhookReceiver(
                plan: plan, post: post, secrets: secrets, clock: clock, externalURL: externalURL)
        case .alertmanager:
            return AlertmanagerReceiver(plan: plan, post: post, externalURL: externalURL, clock: clock)
        case .slack: return SlackReceiver(plan: plan, post: post, externalURL: externalURL)
        }
    }
}

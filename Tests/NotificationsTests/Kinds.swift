import Model

@testable import Notifications

/// The kinds with their defaults.
extension ReceiverPlan.Kind {
    static var webhook: Self { WebhookKind.kind }
    static var alertmanagerWebhook: Self { AlertmanagerWebhookKind.kind }
    static var alertmanager: Self { AlertmanagerKind.kind }
    static var slack: Self { SlackKind.kind }
}

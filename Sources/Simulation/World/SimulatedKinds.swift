import Declarations
import Model
import Routers

/// What the configuration files of a run may have: all routers, and one kind of receivers, because those of a run are
/// not called over HTTP.
enum SimulatedKinds {
    static let all = ConfigurationKinds(routers: RouterKinds.all, receivers: [WebhookKind.self])

    private enum WebhookKind: ReceiverKind {
        struct Settings: ReceiverSettings {
            static let kind = "webhook"
        }

        static let sentence = "is a receiver of the virtual world"
        static let blank = Settings()
    }
}

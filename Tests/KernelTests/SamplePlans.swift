import Model

/// A router of no real kind: the kernel never reads the settings.
struct SampleRouter: RouterSettings {
    static let kind = "gray"
    let address: String
}

extension RouterPlan {
    static func sample(_ address: String) -> RouterPlan { RouterPlan(SampleRouter(address: address)) }
}

/// A receiver of no real kind: the kernel never reads the settings.
struct SampleReceiver: ReceiverSettings {
    static let kind = "webhook"
}

extension ReceiverPlan.Kind {
    static var webhook: Self { Self(SampleReceiver()) }
}

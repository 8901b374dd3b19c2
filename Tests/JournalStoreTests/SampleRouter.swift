import Model

/// The kernel never reads the settings of a router.
struct SampleRouter: RouterSettings {
    static let kind = "gray"
    let address: String
}

extension RouterPlan {
    static func sample(_ address: String) -> RouterPlan { RouterPlan(SampleRouter(address: address)) }
}

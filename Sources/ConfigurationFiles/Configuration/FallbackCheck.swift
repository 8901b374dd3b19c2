import Declarations
import Model

/// A second router that is the first one again takes over nothing.
enum FallbackCheck {
    /// - Parameter field: the release.
    static func check(_ plan: ReleasePlan, _ field: Field) {
        guard let fallback = plan.fallback, plan.router.isSameRouter(as: fallback.router),
            let router = field.value.member("fallback")?.value.member("router")
        else { return }
        field.log.impossible(
            router.value.place,
            "'router' of 'fallback' is the release's own router again; name another one, or leave 'fallback' out")
    }
}

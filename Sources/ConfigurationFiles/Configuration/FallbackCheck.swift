import Model
import Support

/// A second router that is the first one again takes over nothing.
enum FallbackCheck {
    /// - Parameter field: the release.
    static func check(_ plan: ReleasePlan, _ field: Field) {
        guard let fallback = plan.fallback, isSame(plan.router, fallback.router),
            let router = field.value.member("fallback")?.value.member("router")
        else { return }
        field.log.impossible(
            router.value.place,
            "'router' of 'fallback' is the release's own router again; name another one, or leave 'fallback' out")
    }

    /// The addresses of a gray router are compared as such, however they are spelled.
    private static func isSame(_ one: RouterPlan, _ other: RouterPlan) -> Bool {
        guard case .gray(let first) = one, case .gray(let second) = other else { return one == other }
        func pages(_ plan: GrayRouterPlan) -> Set<EndpointIdentity> {
            Set(plan.instances.map { EndpointIdentity(url: $0) })
        }
        return pages(first) == pages(second)
    }
}

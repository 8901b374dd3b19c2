import Model
import Ports

/// A release's router, for each side of its settings that may carry the canary.
struct AimedDriver: Sendable {
    let direct: any RouterDriver
    let turned: any RouterDriver

    init(_ make: (RouterAim) throws -> any RouterDriver) rethrows {
        direct = try make(.direct)
        turned = try make(.turned)
    }

    subscript(aim: RouterAim) -> any RouterDriver { aim == .direct ? direct : turned }
}

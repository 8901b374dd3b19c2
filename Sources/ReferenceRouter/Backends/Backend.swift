import Synchronization

/// One server of one version.
final class Backend: Sendable {
    /// As configured: `10.0.0.5:8080`.
    let text: String
    let host: String
    let port: Int
    /// Whether the last connection attempt succeeded; assumed until the first one.
    private let up = Atomic<Bool>(true)

    init?(_ text: String) {
        guard let address = HostAndPort(text), address.port > 0 else { return nil }
        self.text = text
        host = address.host
        port = address.port
    }

    var isUp: Bool { up.load(ordering: .relaxed) }

    func mark(up isUp: Bool) { up.store(isUp, ordering: .relaxed) }
}

/// One version's servers, taken in turn.
final class BackendGroup: Sendable {
    let backends: [Backend]
    private let turn = Atomic<Int>(0)

    /// - Parameter previous: the group that this one replaces. Servers that are in both stay the same objects, so that
    ///   what is known about them is kept.
    init(_ addresses: [String], keeping previous: BackendGroup? = nil) {
        backends = addresses.compactMap { address in
            previous?.backends.first { $0.text == address } ?? Backend(address)
        }
    }

    var isAnyUp: Bool { backends.contains { $0.isUp } }

    /// The next server in turn, other than those tried. One that is known to be down has its turn only when all are:
    /// the health check and not a client should find out that it is back.
    func next(except tried: [Backend] = []) -> Backend? {
        let candidates = backends.filter { backend in !tried.contains { $0 === backend } }
        let ready = candidates.filter(\.isUp)
        let choice = ready.isEmpty ? candidates : ready
        guard !choice.isEmpty else { return nil }
        let number = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return choice[Int(UInt(bitPattern: number) % UInt(choice.count))]
    }
}

import Dispatch
import Glibc

/// What the system's resolver says of a name.
package enum HostAnswer: Sendable, Equatable {
    /// Numeric, sorted, each once; at least one. Of a host with addresses of both families those of one: an instance that has
    /// one of each must not count as two.
    case addresses([String])
    /// The name does not exist, or has no address.
    case none
    /// That is not known now. One line.
    case failed(reason: String)
}

/// Finds the addresses of host names.
package protocol HostNames: Sendable {
    func addresses(of name: String) async -> HostAnswer
}

/// As every program of this machine does: `/etc/hosts`, then the name servers, in the order of `/etc/nsswitch.conf`.
package struct SystemHostNames: HostNames {
    /// A lookup blocks its thread for as long as the resolver waits for name servers.
    private static let queue = DispatchQueue(label: "rollguard.hosts", attributes: .concurrent)

    package init() {}

    package func addresses(of name: String) async -> HostAnswer {
        await withCheckedContinuation { waiter in
            Self.queue.async { waiter.resume(returning: Self.lookUp(name)) }
        }
    }

    /// Several IPv4 addresses, else several IPv6 addresses, else the single one.
    static func chosen(_ version4: Set<String>, _ version6: Set<String>) -> [String] {
        let chosen = version4.count > 1 || version6.count < 2 && !version4.isEmpty ? version4 : version6
        return chosen.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func lookUp(_ name: String) -> HostAnswer {
        var hints = addrinfo()
        // Of the families in which this machine has an address.
        hints.ai_flags = AI_ADDRCONFIG
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &first)
        defer { if let first { freeaddrinfo(first) } }
        switch code {
        case 0: break
        case EAI_NONAME, noAddress: return .none
        default: return .failed(reason: "\(name): \(String(cString: gai_strerror(code)))")
        }
        var found: [Int32: Set<String>] = [:]
        for entry in sequence(first: first, next: { $0?.pointee.ai_next }) {
            guard let entry = entry?.pointee, let text = numeric(entry) else { continue }
            found[entry.ai_family, default: []].insert(text)
        }
        let addresses = chosen(found[AF_INET] ?? [], found[AF_INET6] ?? [])
        return addresses.isEmpty ? .none : .addresses(addresses)
    }

    /// `EAI_NODATA`, which glibc hides behind `_GNU_SOURCE`.
    private static let noAddress: Int32 = -5

    /// Nil for an address that is bound to an interface.
    private static func numeric(_ entry: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(
            entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return address.contains("%") ? nil : address
    }
}

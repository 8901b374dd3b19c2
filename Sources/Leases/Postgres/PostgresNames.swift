import Foundation
import Glibc
import Synchronization

/// Looks up the servers' names, each within a time: libpq would wait for the system's resolver without one.
///
/// A lookup that hangs keeps its thread, so there is one at a time for each name: who asks meanwhile waits for the same.
final class PostgresNames: Sendable {
    enum Answer: Sendable, Equatable {
        /// Numeric, in the order of the resolver; at least one.
        case addresses([String])
        case failed(reason: String)
    }

    private final class Lookup: Sendable {
        let isDone = DispatchGroup()
        let answer = Mutex<Answer?>(nil)
    }

    /// Of all connections of the process.
    static let system = PostgresNames(lookUp: PostgresNames.ofSystem)

    private let queue = DispatchQueue(label: "rollguard.postgresql.names", attributes: .concurrent)
    private let lookUp: @Sendable (String) -> Answer
    private let underWay = Mutex<[String: Lookup]>([:])

    /// - Parameter lookUp: may block.
    init(lookUp: @escaping @Sendable (String) -> Answer) { self.lookUp = lookUp }

    /// The same settings with the addresses of the host, where it is a name. libpq checks certificates by the name still.
    ///
    /// - Parameter timeoutMs: the answer is there within it. Blocks the thread.
    func resolved(
        _ settings: PostgresSettings, timeoutMs: Int64
    ) throws(PostgresTrouble) -> PostgresSettings {
        guard let host = settings.pairs.first(where: { $0.0 == "host" })?.1, PostgresNames.isName(host) else {
            return settings
        }
        let addresses = try addresses(of: host, timeoutMs: timeoutMs)
        var next = settings
        next.pairs.removeAll { $0.0 == "host" }
        // libpq's documentation, "Specifying Multiple Hosts": both lists are as long.
        let hosts = Array(repeating: host, count: addresses.count).joined(separator: ",")
        next.pairs += [("host", hosts), ("hostaddr", addresses.joined(separator: ","))]
        return next
    }

    private func addresses(of name: String, timeoutMs: Int64) throws(PostgresTrouble) -> [String] {
        let lookup = begun(name)
        guard lookup.isDone.wait(timeout: .now() + .milliseconds(Int(clamping: max(1, timeoutMs)))) == .success,
            let answer = lookup.answer.withLock({ $0 })
        else { throw PostgresTrouble("its name was not resolved within \(timeoutMs) ms") }
        switch answer {
        case .addresses(let found): return found
        case .failed(let reason): throw PostgresTrouble("its name cannot be resolved: \(reason)")
        }
    }

    private func begun(_ name: String) -> Lookup {
        underWay.withLock { known in
            if let lookup = known[name] { return lookup }
            let lookup = Lookup()
            known[name] = lookup
            lookup.isDone.enter()
            queue.async {
                let answer = self.lookUp(name)
                lookup.answer.withLock { $0 = answer }
                self.underWay.withLock { $0[name] = nil }
                lookup.isDone.leave()
            }
            return lookup
        }
    }

    /// Neither an address nor the folder of a socket.
    static func isName(_ host: String) -> Bool {
        var address = in_addr()
        return !host.isEmpty && !host.hasPrefix("/") && !host.hasPrefix("@") && !host.contains(":")
            && !host.contains(",") && inet_pton(AF_INET, host, &address) != 1
    }

    private static func ofSystem(_ name: String) -> Answer {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &first)
        defer { if let first { freeaddrinfo(first) } }
        guard code == 0 else { return .failed(reason: String(cString: gai_strerror(code))) }
        var found: [String] = []
        for entry in sequence(first: first, next: { $0?.pointee.ai_next }) {
            guard let entry = entry?.pointee, let text = numeric(entry), !found.contains(text) else { continue }
            found.append(text)
        }
        return found.isEmpty ? .failed(reason: "it has no address") : .addresses(found)
    }

    private static func numeric(_ entry: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

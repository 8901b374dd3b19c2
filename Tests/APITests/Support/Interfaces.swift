import Glibc

/// This machine's own addresses.
enum Interfaces {
    /// An IPv4 address that is not loopback; nil on a machine without one.
    static let outwardAddress: String? = {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        var next = list
        while let interface = next?.pointee {
            next = interface.ifa_next
            guard let address = interface.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET) else { continue }
            let text = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer -> String in
                var buffer = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
                var number = pointer.pointee.sin_addr
                inet_ntop(AF_INET, &number, &buffer, socklen_t(buffer.count))
                return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
            if !text.hasPrefix("127.") { return text }
        }
        return nil
    }()
}

import Foundation
import Glibc
import Model

/// A connection of TCP whose every wait ends at one moment. Blocks: for a thread that may wait.
final class TimedSocket {
    private let address: String
    private let end: UInt64
    private let descriptor: Int32

    /// - Parameter address: `host:port`.
    init(_ address: String, limitMs: Int64) throws(AnswerFailure) {
        self.address = address
        end = DispatchTime.now().uptimeNanoseconds + UInt64(max(1, limitMs)) * 1_000_000
        descriptor = try Self.connected(address, until: end)
    }

    deinit { close(descriptor) }

    /// - Throws: `unknown`: some of it may have arrived.
    func send(_ bytes: [UInt8]) throws(AnswerFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 { rest = rest.dropFirst(count) } else { try wait(for: POLLOUT, after: count) }
        }
    }

    /// - Returns: at least one byte.
    func receive() throws(AnswerFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count > 0 { return Array(bytes.prefix(count)) }
            guard count < 0 else { throw AnswerFailure(.unknown("\(address) closed the connection")) }
            try wait(for: POLLIN, after: count)
        }
    }

    private func wait(for event: Int32, after count: Int) throws(AnswerFailure) {
        guard count < 0, errno == EAGAIN || errno == EINTR else {
            throw AnswerFailure(.unknown("\(address): \(String(cString: strerror(errno)))"))
        }
        guard Self.isReady(descriptor, event, until: end) else {
            throw AnswerFailure(.unknown("\(address) did not answer in time"))
        }
    }

    private static func isReady(_ descriptor: Int32, _ event: Int32, until end: UInt64) -> Bool {
        let now = DispatchTime.now().uptimeNanoseconds
        guard now < end else { return false }
        var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        return poll(&entry, 1, Int32(clamping: (end - now) / 1_000_000 + 1)) > 0
    }

    private static func connected(_ address: String, until end: UInt64) throws(AnswerFailure) -> Int32 {
        guard let colon = address.lastIndex(of: ":") else {
            throw AnswerFailure(.refused("\(address) is not an address such as 127.0.0.1:6379"))
        }
        let host = address[..<colon].filter { $0 != "[" && $0 != "]" }
        let port = address[address.index(after: colon)...]
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else {
            throw AnswerFailure(.failed("the name of \(address) cannot be looked up"))
        }
        defer { freeaddrinfo(found) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        var reason = ""
        for entry in sequence(first: first, next: { $0.pointee.ai_next }) {
            let descriptor = socket(entry.pointee.ai_family, kind, 0)
            guard descriptor >= 0 else { continue }
            var code: Int32 = connect(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0 ? 0 : errno
            if code == EINPROGRESS {
                code = isReady(descriptor, POLLOUT, until: end) ? Self.failure(of: descriptor) : ETIMEDOUT
            }
            if code == 0 { return descriptor }
            reason = String(cString: strerror(code))
            close(descriptor)
        }
        throw AnswerFailure(.failed("cannot connect to \(address): \(reason)"))
    }

    private static func failure(of descriptor: Int32) -> Int32 {
        var (code, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return code
    }
}

/// Work that waits, on a thread that may: nothing else is delayed.
enum OwnThread {
    static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { waiting in Thread.detachNewThread { waiting.resume(returning: work()) } }
    }
}

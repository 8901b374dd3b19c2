import Foundation
import Glibc

/// A connection that sends exactly the given bytes, for requests that no proper client would send. Blocking; every call
/// runs on a thread that Swift's own tasks do not need, and gives up after ten seconds.
final class RawConnection: Sendable {
    struct Failure: Error { let what: String }

    private let descriptor: Int32

    init(unixSocket path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        Self.limitWaiting(descriptor)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else { throw Failure(what: "connect: \(String(cString: strerror(errno)))") }
    }

    private static func limitWaiting(_ descriptor: Int32) {
        // Longer than a machine with a test on each core and builds beside them takes.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    init(host: String = "127.0.0.1", port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        Self.limitWaiting(descriptor)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(what: "connect: \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    /// A server that has had enough may close before everything is sent; that is no failure here.
    func send(_ text: String) async {
        await onThread { [descriptor] in
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent > 0 else { return }
                rest = rest.dropFirst(sent)
            }
        }
    }

    /// Everything up to the end of one response, or up to the connection's end.
    func reply(hasBody: Bool = true) async throws -> Reply {
        let bytes = await onThread { [descriptor] in
            var received: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while !Reply.isComplete(received, hasBody: hasBody) {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                received += buffer[..<count]
            }
            return received
        }
        return try Reply(bytes)
    }

    /// Everything up to a text that an endless response has to hold, or up to the connection's end.
    func reply(until text: String) async throws -> Reply {
        let bytes = await onThread { [descriptor] in
            var received: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while !String(decoding: received, as: UTF8.self).contains(text) {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                received += buffer[..<count]
            }
            return received
        }
        return try Reply(bytes)
    }

    /// Waits until the server closes; false after a minute, or when it says something.
    func isClosedByServer() async -> Bool {
        await onThread { [descriptor] in
            var byte: UInt8 = 0
            return recv(descriptor, &byte, 1, 0) == 0
        }
    }

    /// Reads what is left until the server closes.
    func ends() async -> Bool {
        await onThread { [descriptor] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            var count = 1
            while count > 0 { count = recv(descriptor, &buffer, buffer.count, 0) }
            return count == 0
        }
    }

    private func onThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: work()) }
        }
    }
}

/// A response.
struct Reply: Sendable {
    let status: Int
    /// Names in lower case.
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    init(_ bytes: [UInt8]) throws {
        guard let end = Reply.headEnd(bytes) else {
            throw RawConnection.Failure(what: "no response: \(String(decoding: bytes, as: UTF8.self))")
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        let parts = lines[0].split(separator: " ")
        guard parts.count >= 2, let status = Int(parts[1]) else { throw RawConnection.Failure(what: lines[0]) }
        self.status = status
        headers = Reply.headers(lines.dropFirst())
        body = Array(bytes[(end + 4)...])
    }

    func decoded<Document: Decodable>(_: Document.Type) throws -> Document {
        try JSONDecoder().decode(Document.self, from: Data(body))
    }

    static func isComplete(_ bytes: [UInt8], hasBody: Bool) -> Bool {
        guard let end = headEnd(bytes) else { return false }
        guard hasBody else { return true }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        guard let length = headers(lines.dropFirst())["content-length"].flatMap(Int.init) else { return false }
        return bytes.count >= end + 4 + length
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        Data(bytes).range(of: Data("\r\n\r\n".utf8))?.lowerBound
    }

    private static func headers(_ lines: ArraySlice<String>) -> [String: String] {
        var headers: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased()] = value
        }
        return headers
    }
}

import Foundation
import Glibc
import Synchronization

/// What a server on loopback does to whoever calls it.
enum Misbehaviour: String, Sendable, CaseIterable {
    case neverAnswers
    case dripsItsHead
    case cutsTheConnection
    case cutsItsBody
    case asksForAPause
    case redirects
    /// 200, and a body of 1 GB.
    case sendsWithoutEnd

    /// Milliseconds that a receiver waits for it.
    var timeoutMs: Int64 { self == .neverAnswers || self == .dripsItsHead ? 300 : 20_000 }
}

/// A real server that misbehaves; a thread per connection.
final class MisbehavingServer: Sendable {
    let port: Int
    private let listener: Int32
    private let answer: @Sendable (Int32, Int) -> Int
    private let requests = Atomic<Int>(0)
    private let sent = Atomic<Int>(0)

    var url: String { "http://127.0.0.1:\(port)" }
    /// Requests that it has read.
    var requestCount: Int { requests.load(ordering: .acquiring) }
    /// Bytes that it got rid of.
    var sentBytes: Int { sent.load(ordering: .acquiring) }

    convenience init(_ misbehaviour: Misbehaviour) {
        self.init { connection, port in misbehaviour.act(on: connection, port: port) }
    }

    /// Answers with a status of 200 and a body.
    convenience init(body: String) {
        self.init { connection, _ in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
    }

    /// - Parameter answer: gets the connection and the port, and returns how many bytes it has written.
    private init(answer: @escaping @Sendable (Int32, Int) -> Int) {
        self.answer = answer
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(listener, $0, length) == 0 && listen(listener, 16) == 0, "no loopback port")
                precondition(getsockname(listener, $0, &length) == 0, "no port")
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { self.accept() }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            guard connection >= 0 else { return }
            Thread.detachNewThread {
                if connection.readRequest() {
                    self.requests.add(1, ordering: .acquiringAndReleasing)
                    self.sent.add(self.answer(connection, self.port), ordering: .acquiringAndReleasing)
                }
                close(connection)
            }
        }
    }
}

extension Misbehaviour {
    /// Returns the number of bytes that were written.
    fileprivate func act(on connection: Int32, port: Int) -> Int {
        switch self {
        case .neverAnswers:
            connection.waitForEnd()
            return 0
        case .dripsItsHead:
            var count = connection.write("HTTP/1.1 200 OK\r\nX-Drip: ")
            while connection.write("x") == 1, count < 10_000 {
                count += 1
                usleep(20_000)
            }
            return count
        case .cutsTheConnection: return 0
        case .cutsItsBody: return connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"ok\":true")
        case .asksForAPause:
            return connection.write("HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
        case .redirects:
            let place = "http://127.0.0.1:\(port)/elsewhere"
            return connection.write("HTTP/1.1 307 No\r\nLocation: \(place)\r\nContent-Length: 0\r\n\r\n")
        case .sendsWithoutEnd: return sendWithoutEnd(connection)
        }
    }

    private func sendWithoutEnd(_ connection: Int32) -> Int {
        let total = 1 << 30
        var count = connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
        let block = String(repeating: " ", count: 1 << 16)
        while count < total {
            let written = connection.write(block)
            guard written == block.utf8.count else { break }
            count += written
        }
        return count
    }
}

extension Int32 {
    /// Reads a request with its body; false when the client is gone.
    fileprivate func readRequest() -> Bool {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            var byte: UInt8 = 0
            guard head.count < 1 << 16, recv(self, &byte, 1, 0) == 1 else { return false }
            head.append(byte)
        }
        let lines = String(decoding: head, as: UTF8.self).lowercased().components(separatedBy: "\r\n")
        let length = lines.first { $0.hasPrefix("content-length:") }?.split(separator: ":").last
        let count = length.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) } ?? 0
        guard count > 0 else { return true }
        var body = [UInt8](repeating: 0, count: count)
        return recv(self, &body, count, Int32(MSG_WAITALL)) == count
    }

    /// The number of bytes that the client took.
    @discardableResult fileprivate func write(_ text: String) -> Int {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(self, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return sent }
            sent += count
        }
        return sent
    }

    fileprivate func waitForEnd() {
        var byte: UInt8 = 0
        while recv(self, &byte, 1, 0) > 0 {}
    }
}

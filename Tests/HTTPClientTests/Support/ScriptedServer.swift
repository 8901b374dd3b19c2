import Foundation
import Glibc
import Synchronization

@testable import HTTPClient

/// A TCP or unix socket server that answers with whatever bytes the test writes, right or wrong. One thread per
/// connection runs the script until it returns; then the connection is closed.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        var line: String
        var headers: [String]
        var body: String

        func values(_ name: String) -> [String] {
            headers.filter { $0.lowercased().hasPrefix(name.lowercased() + ":") }
                .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
        }
    }

    /// One connection, as the script sees it.
    struct Peer: Sendable {
        fileprivate let descriptor: Int32
        fileprivate let server: ScriptedServer

        /// The next request with its body, or nil when the client is gone.
        func request() -> Request? {
            var bytes: [UInt8] = []
            while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                var byte: UInt8 = 0
                guard recv(descriptor, &byte, 1, 0) == 1 else { return nil }
                bytes.append(byte)
            }
            var lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n").filter { !$0.isEmpty }
            var request = Request(line: lines.removeFirst(), headers: lines, body: "")
            let length = request.values("Content-Length").first.flatMap { Int($0) } ?? 0
            if length > 0 {
                var body = [UInt8](repeating: 0, count: length)
                guard recv(descriptor, &body, length, Int32(MSG_WAITALL)) == length else { return nil }
                request.body = String(decoding: body, as: UTF8.self)
            }
            server.requests.withLock { $0.append(request) }
            return request
        }

        /// False when the client is gone.
        @discardableResult func send(_ text: String) -> Bool { send(Array(text.utf8)) }

        @discardableResult func send(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }

        /// Waits until the client closes.
        func waitForEnd() {
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, 0) > 0 {}
        }
    }

    /// 0 for a unix socket.
    let port: Int
    private let listener: Int32
    private let requests = Mutex<[Request]>([])
    private let accepted = Atomic<Int>(0)
    private let ended = Atomic<Int>(0)

    var url: String { "http://127.0.0.1:\(port)" }
    var received: [Request] { requests.withLock { $0 } }
    var connections: Int { accepted.load(ordering: .relaxed) }
    var endedConnections: Int { ended.load(ordering: .relaxed) }

    init(unixSocket: String? = nil, script: @escaping @Sendable (Peer) -> Void) {
        let (listener, port) = unixSocket.map { (Self.listen(unixSocket: $0), 0) } ?? Self.listenOnLoopback()
        self.listener = listener
        self.port = port
        Thread.detachNewThread { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                accepted.add(1, ordering: .relaxed)
                Thread.detachNewThread { [self] in
                    script(Peer(descriptor: descriptor, server: self))
                    close(descriptor)
                    ended.add(1, ordering: .relaxed)
                }
            }
        }
    }

    /// Answers each request on a connection with what `answer` makes of it.
    static func answering(_ answer: @escaping @Sendable (Request) -> String) -> ScriptedServer {
        ScriptedServer { peer in
            while let request = peer.request(), peer.send(answer(request)) {}
        }
    }

    static func ok(_ body: String = "") -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// A loopback socket that listens, and its port.
    static func listenOnLoopback(backlog: Int32 = 128) -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(descriptor, $0, length) == 0, "cannot bind a loopback port")
                precondition(Glibc.listen(descriptor, backlog) == 0, "cannot listen")
                precondition(getsockname(descriptor, $0, &length) == 0, "cannot read the port")
            }
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    private static func listen(unixSocket path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0, "cannot bind \(path)")
            }
        }
        precondition(Glibc.listen(descriptor, 16) == 0, "cannot listen")
        return descriptor
    }
}

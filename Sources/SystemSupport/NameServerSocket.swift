import Dispatch
import Glibc

/// Why a name server gave no answer. One line.
package struct NameServerError: Error, Sendable {
    package let reason: String
}

/// Sends one message to one name server and receives the answer, over UDP or TCP. It blocks a thread of its own
/// queue, for no longer than its time.
package struct NameServerSocket: Sendable {
    /// A numeric address.
    package let address: String
    package let port: UInt16

    /// Blocks while a server is asked.
    private static let queue = DispatchQueue(label: "rollguard.names", attributes: .concurrent)

    package init(address: String, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// - Parameters:
    ///   - timeoutMs: from the connection to the last byte.
    ///   - accepts: whether a message answers the question; over UDP anything may arrive, and what is not accepted is
    ///     left out.
    /// - Throws: ``NameServerError`` when there is no answer in time, and, over TCP, for one that is not accepted.
    package func answer(
        to question: [UInt8], overTCP: Bool, timeoutMs: Int64,
        accepts: @escaping @Sendable ([UInt8]) -> Bool
    ) async throws(NameServerError) -> [UInt8] {
        let call = NameServerCall(
            socket: self, question: question, timeoutMs: timeoutMs,
            deadlineMs: NameServerCall.nowMs() + timeoutMs,
            accepts: accepts)
        let result = await withCheckedContinuation { waiter in
            NameServerSocket.queue.async {
                waiter.resume(
                    returning: Result { () throws(NameServerError) in
                        try overTCP ? call.askOverTCP() : call.askOverUDP()
                    })
            }
        }
        return try result.get()
    }
}

/// One question on its way.
private struct NameServerCall: Sendable {
    let socket: NameServerSocket
    let question: [UInt8]
    let timeoutMs: Int64
    let deadlineMs: Int64
    let accepts: @Sendable ([UInt8]) -> Bool

    private var shown: String { "the name server \(socket.address) port \(socket.port)" }

    func askOverUDP() throws(NameServerError) -> [UInt8] {
        let descriptor = try connected(SOCK_DGRAM)
        defer { close(descriptor) }
        guard send(descriptor, question, question.count, Int32(MSG_NOSIGNAL)) == question.count else {
            throw failed("cannot send")
        }
        var buffer = [UInt8](repeating: 0, count: 65_535)
        while true {
            try wait(descriptor, Int16(POLLIN))
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count >= 0 else { throw failed("cannot receive") }
            let message = Array(buffer[..<count])
            if accepts(message) { return message }
        }
    }

    func askOverTCP() throws(NameServerError) -> [UInt8] {
        let descriptor = try connected(SOCK_STREAM)
        defer { close(descriptor) }
        let message = [UInt8(question.count >> 8), UInt8(question.count & 0xFF)] + question
        var sent = 0
        while sent < message.count {
            try wait(descriptor, Int16(POLLOUT))
            let count = message[sent...].withUnsafeBytes { bytes in
                send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw failed("cannot send") }
            sent += count
        }
        let length = try read(descriptor, 2)
        let answer = try read(descriptor, Int(length[0]) << 8 | Int(length[1]))
        guard accepts(answer) else { throw NameServerError(reason: "\(shown) sent a malformed answer") }
        return answer
    }

    private func read(_ descriptor: Int32, _ wanted: Int) throws(NameServerError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: wanted)
        var count = 0
        while count < wanted {
            try wait(descriptor, Int16(POLLIN))
            let received = bytes[count...].withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            guard received > 0 else { throw NameServerError(reason: "\(shown) closed the connection") }
            count += received
        }
        return bytes
    }

    /// A socket that receives from this server alone.
    private func connected(_ kind: __socket_type) throws(NameServerError) -> Int32 {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(kind.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(socket.address, String(socket.port), &hints, &found) == 0,
            let entry = found?.pointee
        else {
            throw NameServerError(reason: "\(shown) has no numeric address")
        }
        defer { freeaddrinfo(found) }
        let flags = Int32(kind.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(entry.ai_family, flags, 0)
        guard descriptor >= 0 else { throw failed("no socket") }
        if connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return descriptor }
        do throws(NameServerError) {
            guard errno == EINPROGRESS else { throw failed("cannot connect") }
            try wait(descriptor, Int16(POLLOUT))
            var (error, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
            errno = error
            if error != 0 { throw failed("cannot connect") }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private func wait(_ descriptor: Int32, _ events: Int16) throws(NameServerError) {
        while true {
            let leftMs = deadlineMs - NameServerCall.nowMs()
            guard leftMs > 0 else {
                throw NameServerError(reason: "\(shown) did not answer within \(timeoutMs) ms")
            }
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let count = poll(&entry, 1, Int32(min(leftMs, 60_000)))
            if count > 0 { return }
            if count < 0, errno != EINTR { throw failed("cannot wait") }
        }
    }

    private func failed(_ what: String) -> NameServerError {
        NameServerError(reason: "\(shown): \(what): \(String(cString: strerror(errno)))")
    }

    static func nowMs() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

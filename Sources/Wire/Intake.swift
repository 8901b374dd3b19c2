import CCurl
import Glibc
import ReleaseKernel

/// Where one transfer's answer arrives. libcurl's callbacks hold a pointer to it, so it lives at a fixed address for as
/// long as its easy handle.
struct Intake {
    /// Why a callback stopped the transfer.
    enum Refusal {
        case bodyTooLarge
        case headersTooLarge
    }

    private(set) var refusal: Refusal?
    private var limitBytes = 0
    private var headers: [UInt8] = []
    private var body: UnsafeMutableRawPointer?
    private var bodyCount = 0
    private var bodyCapacity = 0
    private let easy: UnsafeMutableRawPointer

    /// All header lines of all answers of a transfer, 1xx included.
    static let headerLimitBytes = 65_536
    /// A buffer above this is given back after its transfer: one large answer must not be kept for ever.
    private static let keptBytes = 1 << 20

    init(easy: UnsafeMutableRawPointer) {
        self.easy = easy
        headers.reserveCapacity(1_024)
    }

    mutating func begin(limitBytes: Int) {
        self.limitBytes = limitBytes
        refusal = nil
        headers.removeAll(keepingCapacity: true)
        bodyCount = 0
        if bodyCapacity > Self.keptBytes { release() }
    }

    mutating func release() {
        free(body)
        body = nil
        bodyCapacity = 0
    }

    func response(status: Int) -> HTTPResponse {
        let bytes = UnsafeRawBufferPointer(start: body, count: bodyCount)
        return HTTPResponse(status: status, headers: HeaderBlock.lastAnswer(headers), body: [UInt8](bytes))
    }

    /// Decoded bytes of the body; false stops the transfer. libcurl's own limit (`MAXFILESIZE`) is blind to chunked and to
    /// compressed bodies, so the limit is here.
    mutating func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bodyCount == 0, !acceptsDeclaredLength() { return refuse(.bodyTooLarge) }
        guard bytes.count <= limitBytes - bodyCount else { return refuse(.bodyTooLarge) }
        guard reserve(bodyCount + bytes.count), let body, let source = bytes.baseAddress else { return bytes.isEmpty }
        (body + bodyCount).copyMemory(from: source, byteCount: bytes.count)
        bodyCount += bytes.count
        return true
    }

    /// A line of a header block; also lines of trailers, which come after the body and are left out.
    mutating func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bodyCount == 0 else { return true }
        guard bytes.count <= Self.headerLimitBytes - headers.count else { return refuse(.headersTooLarge) }
        headers.append(contentsOf: bytes)
        return true
    }

    /// A server that announces too much is stopped at its first byte; an honest length is reserved at once.
    private mutating func acceptsDeclaredLength() -> Bool {
        var declared: curl_off_t = -1
        _ = rg_get_size(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &declared)
        guard declared <= limitBytes else { return false }
        // No more than the first block is taken on trust, for the announced bytes may never come.
        return declared <= 0 || reserve(min(Int(declared), Self.keptBytes))
    }

    private mutating func reserve(_ count: Int) -> Bool {
        guard count > bodyCapacity else { return true }
        let capacity = max(count, min(bodyCapacity * 2, limitBytes), 4_096)
        guard let grown = realloc(body, capacity) else { return false }
        body = grown
        bodyCapacity = capacity
        return true
    }

    private mutating func refuse(_ reason: Refusal) -> Bool {
        refusal = reason
        return false
    }
}

// The callbacks are plain functions of the file: a closure written in a main-actor context would compile, and trap when
// libcurl calls it on the transfer thread.

/// `CURLOPT_WRITEFUNCTION`. Any count but the one received aborts the transfer.
func receiveBodyBytes(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let intake = context?.assumingMemoryBound(to: Intake.self) else { return 0 }
    let received = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return intake.pointee.receiveBody(received) ? received.count : abortCount(received)
}

/// `CURLOPT_HEADERFUNCTION`.
func receiveHeaderBytes(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let intake = context?.assumingMemoryBound(to: Intake.self) else { return 0 }
    let received = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return intake.pointee.receiveHeader(received) ? received.count : abortCount(received)
}

/// Differs from the received count also when that is 0.
private func abortCount(_ received: UnsafeRawBufferPointer) -> Int { received.isEmpty ? 1 : 0 }

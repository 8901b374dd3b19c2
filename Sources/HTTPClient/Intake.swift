import CCurl
import Glibc
import Ports

/// Where one transfer's answer arrives. libcurl's callbacks hold a pointer to it, so it lives at a fixed address for as
/// long as its easy handle.
struct Intake {
    /// Why a callback stopped the transfer.
    enum Refusal {
        case bodyTooLarge
        case headersTooLarge
        /// All bodies under way together.
        case tooMuchAtOnce
    }

    private(set) var refusal: Refusal?
    private var limitBytes = 0
    private var headers: [UInt8] = []
    private var body: [UInt8] = []
    private let bodies: BodyPool
    private let easy: UnsafeMutableRawPointer

    /// All header lines of all answers of a transfer, 1xx included.
    static let headerLimitBytes = 65_536

    init(easy: UnsafeMutableRawPointer, bodies: BodyPool) {
        self.easy = easy
        self.bodies = bodies
        headers.reserveCapacity(1_024)
    }

    mutating func begin(limitBytes: Int) {
        self.limitBytes = limitBytes
        refusal = nil
        headers.removeAll(keepingCapacity: true)
        rest()
    }

    /// What has come of a body that nobody will get goes back to the pool.
    mutating func rest() {
        guard body.capacity > 0 else { return }
        bodies.letGo(body.count)
        var unused: [UInt8] = []
        swap(&unused, &body)
        bodies.giveBack(unused)
    }

    /// The answer with its body, which is handed over and not copied.
    mutating func response(status: Int) -> HTTPResponse {
        bodies.letGo(body.count)
        var response = HTTPResponse(status: status, headers: HeaderBlock.lastAnswer(headers))
        swap(&response.body, &body)
        return response
    }

    /// A header of the last answer.
    func header(_ name: String) -> String? {
        HTTPResponse(status: 0, headers: HeaderBlock.lastAnswer(headers)).header(name)
    }

    /// Decoded bytes of the body; false stops the transfer. libcurl's own limit (`MAXFILESIZE`) is blind to chunked and to
    /// compressed bodies, so the limit is here.
    mutating func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if body.isEmpty, !acceptsDeclaredLength() { return refuse(.bodyTooLarge) }
        guard bytes.count <= limitBytes - body.count else { return refuse(.bodyTooLarge) }
        guard bodies.hold(bytes.count) else { return refuse(.tooMuchAtOnce) }
        body.append(contentsOf: bytes)
        return true
    }

    /// A line of a header block; also lines of trailers, which come after the body and are left out.
    mutating func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.isEmpty else { return true }
        guard bytes.count <= Self.headerLimitBytes - headers.count else { return refuse(.headersTooLarge) }
        headers.append(contentsOf: bytes)
        return true
    }

    /// A server that announces too much is stopped at its first byte; an honest length is reserved at once.
    private mutating func acceptsDeclaredLength() -> Bool {
        var declared: curl_off_t = -1
        _ = rg_get_size(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &declared)
        guard declared <= limitBytes else { return false }
        if body.capacity == 0 { body = bodies.take() }
        // No more than the first block is taken on trust, for the announced bytes may never come.
        if declared > 0 { body.reserveCapacity(min(Int(declared), BodyPool.largestKeptBytes)) }
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

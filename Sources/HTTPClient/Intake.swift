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
        /// The receiver of a body that is handed on as it arrives wants no more of it.
        case receiverEnded
        /// The body is not what its `Content-Encoding` says, or it is cut off.
        case undecodable(encoding: String, reason: String)
    }

    private(set) var refusal: Refusal?
    private var limitBytes = 0
    /// Gets the body of an answer with the status 200 as it arrives.
    private var receiver: (@Sendable (UnsafeRawBufferPointer) -> Bool)?
    private var headers: [UInt8] = []
    private var body: [UInt8] = []
    /// The answer's `Content-Encoding`; empty without one.
    private var encoding = ""
    /// From the first byte of the body on.
    private var decoder: BodyDecoder?
    /// Kept from body to body, because it has some 60 kB.
    private var inflater: Inflater?
    /// All header lines of an answer that is not an interim one (1xx) have arrived.
    private(set) var hasHeaders = false
    private var isInterim = false
    private let bodies: BodyPool
    private let easy: UnsafeMutableRawPointer

    /// All header lines of all answers of a transfer, 1xx included.
    static let headerLimitBytes = 65_536

    init(easy: UnsafeMutableRawPointer, bodies: BodyPool) {
        self.easy = easy
        self.bodies = bodies
        headers.reserveCapacity(1_024)
    }

    mutating func begin(limitBytes: Int, receiver: (@Sendable (UnsafeRawBufferPointer) -> Bool)? = nil) {
        self.limitBytes = limitBytes
        refusal = nil
        headers.removeAll(keepingCapacity: true)
        encoding = ""
        hasHeaders = false
        rest()
        self.receiver = receiver
    }

    /// The part of a body that has no recipient any more is returned to the pool.
    mutating func rest() {
        receiver = nil
        if var ended = decoder {
            inflater = ended.takeInflater() ?? inflater
            decoder = nil
        }
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

    /// Bytes of the body as they were sent; false stops the transfer. libcurl's own limit (`MAXFILESIZE`) is blind to
    /// chunked and to compressed bodies, so the limit is here.
    mutating func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !bytes.isEmpty else { return true }
        if decoder == nil {
            guard acceptsDeclaredLength() else { return refuse(.bodyTooLarge) }
            decoder = BodyDecoder(encoding: encoding, inflater: inflater)
        }
        return decode { decoder, receive in decoder.take(bytes, receive) }
    }

    /// The transfer has ended well as far as HTTP is concerned; false when the body's content is incomplete.
    mutating func endBody() -> Bool {
        guard decoder != nil else { return true }
        return decode { decoder, receive in decoder.finish(receive) }
    }

    private mutating func decode(
        _ step: (inout BodyDecoder, (UnsafeRawBufferPointer) -> Bool) -> BodyDecoder.Failure?
    ) -> Bool {
        // Taken out for the call, so that what it hands on can be appended.
        guard var working = decoder.take() else { return true }
        let failure = step(&working) { append($0) }
        decoder = working
        switch failure {
        case nil: return true
        case .stopped: return false
        case .undecodable(let reason): return refuse(.undecodable(encoding: encoding, reason: reason))
        }
    }

    /// Content of the body; false, with the reason, when it is too much.
    private mutating func append(_ content: UnsafeRawBufferPointer) -> Bool {
        if let receiver, status == 200 { return receiver(content) || refuse(.receiverEnded) }
        guard content.count <= limitBytes - body.count else { return refuse(.bodyTooLarge) }
        guard bodies.hold(content.count) else { return refuse(.tooMuchAtOnce) }
        body.append(contentsOf: content)
        return true
    }

    /// A line of a header block; also lines of trailers, which come after the body and are left out.
    mutating func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard decoder == nil else { return true }
        guard bytes.count <= Self.headerLimitBytes - headers.count else { return refuse(.headersTooLarge) }
        headers.append(contentsOf: bytes)
        note(bytes)
        return true
    }

    /// What has to be known before the body arrives.
    private mutating func note(_ line: UnsafeRawBufferPointer) {
        if HeaderBlock.isStatusLine(line) {
            encoding = ""
            isInterim = HeaderBlock.isInterim(line)
        } else if let value = HeaderBlock.contentEncoding(line) {
            encoding += encoding.isEmpty ? value : ", \(value)"
        } else if HeaderBlock.isEmpty(line), !isInterim {
            hasHeaders = true
        }
    }

    private var status: Int {
        var status = 0
        _ = rg_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    /// A server that announces too much is stopped at its first byte; an honest length is reserved at once.
    private mutating func acceptsDeclaredLength() -> Bool {
        if receiver != nil, status == 200 { return true }
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

import CZlib

/// Decompresses gzip and deflate, and knows whether the compressed data came to its end: libcurl's own decoder accepts
/// data that stops in the middle, and refuses gzip data that has several members (RFC 1952, section 2.2).
final class Inflater {
    enum Coding {
        case gzip
        /// The zlib format (RFC 1950), as RFC 9110, section 8.4.1.2, defines it.
        case deflate
        /// Deflate data without the zlib format around it, which some servers send as `deflate`.
        case rawDeflate

        /// zlib's parameter: the largest window, and 16 more for gzip; negative for data without a header.
        fileprivate var windowBits: Int32 {
            switch self {
            case .gzip: 15 + 16
            case .deflate: 15
            case .rawDeflate: -15
            }
        }
    }

    enum Outcome: Equatable {
        case taken
        /// The receiver of the output does not want more.
        case stopped
        /// The data is not what its coding says; zlib's reason.
        case invalid(String)
    }

    // zlib keeps a pointer to the stream, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let output: UnsafeMutableRawBufferPointer
    private var coding = Coding.gzip
    private var isStarted = false
    /// All data so far was decompressed, and it ended where a stream may end.
    private(set) var isAtEnd = false

    private static let outputBytes = 16 << 10

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        output = .allocate(byteCount: Self.outputBytes, alignment: 16)
    }

    deinit {
        if isStarted { inflateEnd(stream) }
        stream.deinitialize(count: 1)
        stream.deallocate()
        output.deallocate()
    }

    /// Prepares for another body.
    ///
    /// - Returns: false when there is no memory.
    func begin(_ coding: Coding) -> Bool {
        self.coding = coding
        isAtEnd = false
        guard isStarted else {
            isStarted = rg_inflate_start(stream, coding.windowBits) == Z_OK
            return isStarted
        }
        return inflateReset2(stream, coding.windowBits) == Z_OK
    }

    /// Decompresses the next bytes of the body; `receive` gets the output piece by piece and returns false to stop.
    func decode(_ bytes: UnsafeRawBufferPointer, _ receive: (UnsafeRawBufferPointer) -> Bool) -> Outcome {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(bytes.count)
        defer { stream.pointee.next_in = nil }
        repeat {
            if isAtEnd, stream.pointee.avail_in > 0, !nextMember() { return .invalid("data after its end") }
            let code = inflateStep()
            let produced = Self.outputBytes - Int(stream.pointee.avail_out)
            guard produced == 0 || receive(UnsafeRawBufferPointer(rebasing: output[..<produced])) else {
                return .stopped
            }
            switch code {
            case Z_STREAM_END: isAtEnd = true
            case Z_OK, Z_BUF_ERROR: break
            default: return .invalid(reason(code))
            }
            // A full output may not have been all.
        } while stream.pointee.avail_in > 0 || (stream.pointee.avail_out == 0 && !isAtEnd)
        return .taken
    }

    private func inflateStep() -> Int32 {
        stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(Self.outputBytes)
        return inflate(stream, Z_NO_FLUSH)
    }

    /// Gzip data may consist of several members; the other codings end once.
    private func nextMember() -> Bool {
        guard coding == .gzip, inflateReset(stream) == Z_OK else { return false }
        isAtEnd = false
        return true
    }

    private func reason(_ code: Int32) -> String {
        stream.pointee.msg.map { String(cString: $0) } ?? (code == Z_MEM_ERROR ? "out of memory" : "code \(code)")
    }
}

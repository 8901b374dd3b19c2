/// Turns the bytes of a body as they were sent into the content, as `Content-Encoding` says. Asks nothing of libcurl, which
/// does not report a compressed body that is cut off.
///
/// A body that begins like gzip without a `Content-Encoding` is decompressed as well: neither an exposition nor JSON can
/// begin with these bytes.
struct BodyDecoder {
    /// Why a body cannot be decoded.
    enum Failure: Equatable {
        /// The receiver of the content does not want more.
        case stopped
        case undecodable(reason: String)
    }

    private enum State {
        /// Until the first two bytes have arrived.
        case undecided
        case plain
        case compressed
    }

    private let encoding: String
    private var state = State.undecided
    private var head: [UInt8] = []
    private var inflater: Inflater?

    /// - Parameters:
    ///   - encoding: the value of `Content-Encoding`; empty without one.
    ///   - inflater: of an earlier body, to be used again.
    init(encoding: String, inflater: Inflater?) {
        self.encoding = encoding.lowercased()
        self.inflater = inflater
    }

    /// The inflater, for the next body.
    mutating func takeInflater() -> Inflater? {
        defer { inflater = nil }
        return inflater
    }

    /// - Returns: nil when the bytes were taken.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ receive: (UnsafeRawBufferPointer) -> Bool) -> Failure? {
        switch state {
        case .plain: return receive(bytes) ? nil : .stopped
        case .compressed: return inflate(bytes, receive)
        case .undecided:
            guard head.count + bytes.count >= 2 else {
                head.append(contentsOf: bytes)
                return nil
            }
            let first = head.first ?? bytes[0]
            let second = head.isEmpty ? bytes[1] : bytes[0]
            if let failure = decide(first, second) { return failure }
            if !head.isEmpty, let failure = head.withUnsafeBytes({ pass($0, receive) }) { return failure }
            return pass(bytes, receive)
        }
    }

    /// The body has ended as far as HTTP is concerned.
    ///
    /// - Returns: nil when its content is complete.
    mutating func finish(_ receive: (UnsafeRawBufferPointer) -> Bool) -> Failure? {
        switch state {
        case .plain: return nil
        case .compressed: return inflater?.isAtEnd == true ? nil : cutOff
        case .undecided:
            guard !head.isEmpty else { return nil }
            guard isIdentity else { return cutOff }
            return head.withUnsafeBytes { receive($0) } ? nil : .stopped
        }
    }

    private var cutOff: Failure { .undecodable(reason: "the compressed data is cut off: its end is missing") }

    private var isIdentity: Bool { encoding.isEmpty || encoding == "identity" }

    private mutating func pass(
        _ bytes: UnsafeRawBufferPointer, _ receive: (UnsafeRawBufferPointer) -> Bool
    ) -> Failure? {
        guard state == .compressed else { return receive(bytes) ? nil : .stopped }
        return inflate(bytes, receive)
    }

    private func inflate(
        _ bytes: UnsafeRawBufferPointer, _ receive: (UnsafeRawBufferPointer) -> Bool
    ) -> Failure? {
        switch inflater?.decode(bytes, receive) {
        case .taken: nil
        case .stopped: .stopped
        case .invalid(let reason): .undecodable(reason: reason)
        case nil: .undecodable(reason: "out of memory")
        }
    }

    private mutating func decide(_ first: UInt8, _ second: UInt8) -> Failure? {
        let coding: Inflater.Coding
        switch encoding {
        case "", "identity":
            guard first == 0x1F, second == 0x8B else {
                state = .plain
                return nil
            }
            coding = .gzip
        case "gzip", "x-gzip": coding = .gzip
        case "deflate": coding = Self.beginsZlib(first, second) ? .deflate : .rawDeflate
        default: return .undecodable(reason: "only gzip and deflate can be decoded, and only gzip is asked for")
        }
        state = .compressed
        let inflater = self.inflater ?? Inflater()
        self.inflater = inflater
        return inflater.begin(coding) ? nil : .undecodable(reason: "out of memory")
    }

    /// RFC 1950, section 2.2: the method is 8, and both bytes together are a multiple of 31.
    private static func beginsZlib(_ first: UInt8, _ second: UInt8) -> Bool {
        first & 0x0F == 8 && (Int(first) << 8 | Int(second)) % 31 == 0
    }
}

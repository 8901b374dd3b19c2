import NIOCore

/// A body whose every byte follows from its place, so that a lost, doubled or misplaced one is seen.
enum Pattern {
    /// Prime, so that no power-of-two buffer hides an error.
    private static let period = 65_521
    private static let block: ByteBuffer = {
        var state: UInt32 = 1
        let bytes = (0..<period).map { _ -> UInt8 in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
        return ByteBuffer(bytes: bytes + bytes)
    }()

    /// At most 65 521 bytes from this place on.
    static func bytes(at offset: Int, count: Int) -> ByteBuffer {
        block.getSlice(at: offset % period, length: min(count, period)) ?? ByteBuffer()
    }

    static func matches(_ bytes: ByteBuffer, at offset: Int) -> Bool {
        var rest = bytes
        var place = offset
        while let part = rest.readSlice(length: min(rest.readableBytes, period)), part.readableBytes > 0 {
            guard part == Self.bytes(at: place, count: part.readableBytes) else { return false }
            place += part.readableBytes
        }
        return true
    }
}

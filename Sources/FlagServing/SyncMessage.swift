import NIOCore

/// The messages of flagd's synchronisation, written by hand: there are three fields.
///
/// Source: open-feature/flagd-schemas, `protobuf/flagd/sync/v1/sync.proto`:
///
///     message SyncFlagsResponse     { string flag_configuration = 1; google.protobuf.Struct sync_context = 2; }
///     message FetchAllFlagsResponse { string flag_configuration = 1; }
///     message GetMetadataResponse   { google.protobuf.Struct metadata = 2; }
///
/// The requests (`provider_id`, `selector`) are not read: one file is served, to everyone.
enum SyncMessage {
    /// `SyncFlagsResponse` and `FetchAllFlagsResponse`, framed for gRPC.
    static func flags(_ document: FlagDocument) -> ByteBuffer {
        framed(field(1, document.text))
    }

    /// `GetMetadataResponse` with `{"source": "rollguard"}`. Some providers take no flags when `metadata` is absent.
    static var metadata: ByteBuffer {
        // google/protobuf/struct.proto: Struct {map<string, Value> fields = 1}; Value {string string_value = 3}.
        let value = field(3, Array("rollguard".utf8))
        let entry = field(1, Array("source".utf8)) + field(2, value)
        return framed(field(2, field(1, entry)))
    }

    /// A field of type LEN (protobuf.dev, encoding).
    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2] + varint(bytes.count) + bytes
    }

    static func varint(_ value: Int) -> [UInt8] {
        var (rest, bytes) = (UInt64(value), [UInt8]())
        repeat {
            let low = UInt8(rest & 0x7F)
            rest >>= 7
            bytes.append(rest == 0 ? low : low | 0x80)
        } while rest != 0
        return bytes
    }

    /// A flag of one byte (not compressed) and the length in four (grpc/grpc, PROTOCOL-HTTP2.md).
    private static func framed(_ message: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(message.count + 5)
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(UInt32(message.count))
        buffer.writeBytes(message)
        return buffer
    }
}

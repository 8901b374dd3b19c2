import NIOCore

/// One HTTP/1.1 request, as far as scrapers and clients of admin APIs send them: a head, and a body with its length.
struct RequestText {
    enum Refusal: Error, Equatable {
        case headTooLarge
        case bodyTooLarge
        case notUnderstood
    }

    let method: String
    let path: String
    let bodyBytes: Int
    private let headBytes: Int

    static let headLimit = 16 << 10
    static let bodyLimit = 64 << 20

    /// The head at the front of a buffer; nil when it is not whole yet.
    init?(in buffer: ByteBuffer) throws(Refusal) {
        let bytes = buffer.readableBytesView
        guard let end = RequestText.endOfHead(bytes) else {
            guard bytes.count <= RequestText.headLimit else { throw .headTooLarge }
            return nil
        }
        let lines = String(decoding: bytes[bytes.startIndex..<end], as: UTF8.self).split(separator: "\r\n")
        let parts = lines.first?.split(separator: " ") ?? []
        guard parts.count == 3 else { throw .notUnderstood }
        var length = 0
        for line in lines.dropFirst() {
            let name = line.prefix { $0 != ":" }.lowercased()
            let value = line.dropFirst(name.count + 1).drop { $0 == " " }
            if name == "transfer-encoding" { throw .notUnderstood }
            if name == "content-length" {
                guard let bytes = Int(value), bytes >= 0 else { throw .notUnderstood }
                length = bytes
            }
        }
        guard length <= RequestText.bodyLimit else { throw .bodyTooLarge }
        method = String(parts[0])
        path = String(parts[1])
        bodyBytes = length
        headBytes = end + 4 - bytes.startIndex
    }

    /// Takes the request out of the buffer; nil when its body is not whole yet.
    func takeBody(from buffer: inout ByteBuffer) -> ByteBuffer? {
        guard buffer.readableBytes >= headBytes + bodyBytes else { return nil }
        buffer.moveReaderIndex(forwardBy: headBytes)
        return buffer.readSlice(length: bodyBytes)
    }

    private static func endOfHead(_ bytes: ByteBufferView) -> Int? {
        let limit = min(bytes.endIndex, bytes.startIndex + headLimit)
        var index = bytes.startIndex
        while index + 3 < limit {
            if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 {
                return index
            }
            index += 1
        }
        return nil
    }
}

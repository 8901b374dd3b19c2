import Foundation
import HTTPClient
import Ports
import Testing

/// Bodies that are compressed, asked for or not, whole or cut off.
@Suite(.enabled(if: isInstalled("gzip"), "needs gzip"))
struct CompressedBodyTests {
    private static let text = (0..<300).map { "a_total{n=\"\($0)\"} \($0 * 7_919)\n" }.joined()

    private static func gzip(_ text: String) throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let path = try folder.file("plain", text)
        return [UInt8](try run("gzip", ["-c", path]))
    }

    /// The deflate data inside a gzip member without a file name: a header of 10 bytes, a trailer of 8.
    private static func rawDeflate(_ text: String) throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let path = try folder.file("plain", text)
        return [UInt8](try run("sh", ["-c", "gzip -nc < '\(path)'"]).dropFirst(10).dropLast(8))
    }

    /// RFC 1950: a header, the deflate data, and the Adler-32 checksum.
    private static func zlib(_ text: String) throws -> [UInt8] {
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in text.utf8 {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        let sum = high << 16 | low
        return try [0x78, 0x9C] + rawDeflate(text) + (0..<4).map { UInt8(sum >> (24 - 8 * $0) & 0xFF) }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Empty for none.
        var encoding: String
        var body: @Sendable () throws -> [UInt8]
        /// Nil where the body has to be an error.
        var content: String?
        var reason = ""
    }

    private static let rows = [
        Row(testDescription: "gzip", encoding: "gzip", body: { try gzip(text) }, content: text),
        Row(testDescription: "x-gzip, in other letters", encoding: "X-GZIP", body: { try gzip(text) }, content: text),
        Row(
            testDescription: "gzip of several members", encoding: "gzip", body: { try gzip(text) + gzip("b 1\n") },
            content: text + "b 1\n"),
        Row(testDescription: "gzip that nothing announces", encoding: "", body: { try gzip(text) }, content: text),
        Row(testDescription: "deflate", encoding: "deflate", body: { try zlib(text) }, content: text),
        Row(
            testDescription: "deflate without its format", encoding: "deflate", body: { try rawDeflate(text) },
            content: text),
        Row(testDescription: "no compression", encoding: "identity", body: { Array(text.utf8) }, content: text),
        Row(testDescription: "one byte", encoding: "", body: { [0x1F] }, content: "\u{1F}"),
        Row(
            testDescription: "gzip without its trailer", encoding: "gzip", body: { try gzip(text).dropLast(8) },
            content: nil, reason: "'gzip' cannot be decoded: the compressed data is cut off"),
        Row(
            testDescription: "half of gzip", encoding: "gzip", body: { Array(try gzip(text).prefix(500)) },
            content: nil, reason: "the compressed data is cut off"),
        Row(
            testDescription: "one byte of gzip", encoding: "gzip", body: { [0x1F] },
            content: nil, reason: "the compressed data is cut off"),
        Row(
            testDescription: "half of gzip that nothing announces", encoding: "",
            body: { Array(try gzip(text).prefix(500)) }, content: nil, reason: "the compressed data is cut off"),
        Row(
            testDescription: "a second member that is cut off", encoding: "gzip",
            body: { try gzip(text) + gzip(text).dropLast(1) }, content: nil, reason: "the compressed data is cut off"),
        Row(
            testDescription: "half of deflate", encoding: "deflate", body: { try zlib(text).dropLast(4) },
            content: nil, reason: "the compressed data is cut off"),
        Row(
            testDescription: "a wrong checksum", encoding: "gzip",
            body: {
                var bytes = try gzip(text)
                bytes[bytes.count - 8] ^= 1
                return bytes
            }, content: nil, reason: "incorrect data check"),
        Row(
            testDescription: "other bytes after gzip", encoding: "gzip",
            body: { try gzip(text) + Array("<html>".utf8) },
            content: nil, reason: "incorrect header check"),
        Row(
            testDescription: "br, which was not asked for", encoding: "br", body: { [0x0B, 0x02, 0x80] },
            content: nil, reason: "only gzip and deflate can be decoded"),
    ]

    /// All at once, and in chunks of one byte, so that every place is a border between two calls of the decoder.
    @Test(arguments: rows, [false, true])
    func aCompressedBodyIsDecodedAsAWholeOrRefused(row: Row, inPieces: Bool) async throws {
        let body = try row.body()
        let header = row.encoding.isEmpty ? "" : "Content-Encoding: \(row.encoding)\r\n"
        let server = ScriptedServer { peer in
            while peer.request() != nil {
                if inPieces {
                    let chunks = body.flatMap { Array("1\r\n".utf8) + [$0] + Array("\r\n".utf8) }
                    peer.send("HTTP/1.1 200 OK\r\n\(header)Transfer-Encoding: chunked\r\n\r\n")
                    peer.send(chunks + Array("0\r\n\r\n".utf8))
                } else {
                    peer.send("HTTP/1.1 200 OK\r\n\(header)Content-Length: \(body.count)\r\n\r\n")
                    peer.send(body)
                }
            }
        }
        defer { server.stop() }
        try await withTransport(maxInFlight: 1) { transport in
            // Twice, because a decoder serves one body after the other.
            for _ in 0..<2 {
                let request = HTTPRequest(url: server.url, acceptsCompression: true)
                if let content = row.content {
                    #expect(try await transport.send(request).text == content)
                } else {
                    let error = try #require(await transport.failure(request))
                    #expect("\(error)".contains(row.reason) && error.isWorthRetrying, "\(error)")
                }
            }
        }
        #expect(server.received.first?.values("Accept-Encoding") == ["gzip"])
    }
}

import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What a route answers, before it becomes a response.
struct Answer: Sendable {
    var status: HTTPTypes.HTTPResponse.Status
    var contentType: String
    var body: [UInt8]
    /// `WWW-Authenticate`, `Allow`, `Retry-After`.
    var headers: [(name: HTTPField.Name, value: String)] = []
    /// Writes the body instead of ``body``, for as long as the reader stays.
    var stream: EventStream?

    static func json(_ document: some Encodable, status: HTTPTypes.HTTPResponse.Status = .ok) -> Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let bytes = [UInt8](try encoder.encode(document)) + [UInt8(ascii: "\n")]
            return Answer(status: status, contentType: "application/json", body: bytes)
        } catch {
            // Only a number that JSON cannot write gets here, and the documents hold none.
            return json(ErrorDocument(error: "the answer could not be written as JSON"), status: .internalServerError)
        }
    }

    static func text(_ text: String, status: HTTPTypes.HTTPResponse.Status = .ok) -> Answer {
        let line = text.hasSuffix("\n") ? text : text + "\n"
        return Answer(status: status, contentType: "text/plain; charset=utf-8", body: Array(line.utf8))
    }

    /// An error in the form of its place: JSON under `/api`, text elsewhere.
    static func error(_ text: String, status: HTTPTypes.HTTPResponse.Status, asJSON: Bool) -> Answer {
        asJSON ? json(ErrorDocument(error: text), status: status) : self.text(text, status: status)
    }

    /// `nosniff` and no framing because an answer may repeat a caller's text; `no-store` because every answer is a
    /// picture of now.
    func response(isHead: Bool) -> Response {
        var fields: HTTPFields = [
            .contentType: contentType, .xContentTypeOptions: "nosniff", .cacheControl: "no-store",
            .contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
        ]
        for header in headers { fields[header.name] = header.value }
        if let stream, !isHead { return Response(status: status, headers: fields, body: stream.body) }
        guard isHead else {
            return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        }
        fields[.contentLength] = String(body.count)
        return Response(status: status, headers: fields, body: ResponseBody())
    }
}

import Foundation
import NIOCore
import NIOHTTP1

/// A whole answer to a request.
struct FlagAnswer: Sendable, Equatable {
    var status: HTTPResponseStatus
    var headers: [(name: String, value: String)] = []
    var body: ByteBuffer?
    /// Of gRPC: sent after the body.
    var trailers: [(name: String, value: String)] = []

    static func == (one: FlagAnswer, other: FlagAnswer) -> Bool {
        one.status == other.status && one.body == other.body && one.headers.elementsEqual(other.headers, by: ==)
            && one.trailers.elementsEqual(other.trailers, by: ==)
    }

    static func text(_ status: HTTPResponseStatus, _ text: String) -> FlagAnswer {
        FlagAnswer(
            status: status, headers: [("content-type", "text/plain; charset=utf-8")],
            body: ByteBuffer(string: text + "\n"))
    }

    static func json(_ status: HTTPResponseStatus, _ text: String) -> FlagAnswer {
        FlagAnswer(status: status, headers: [("content-type", "application/json")], body: ByteBuffer(string: text))
    }
}

/// What is answered to requests that are not streams. Pure.
enum FlagAnswers {
    static let path = "/flags.json"
    static let evaluation = "/ofrep/v1/evaluate/flags/"

    /// - Parameters:
    ///   - document: nil before the file could be read once.
    ///   - knownRevisions: the field `If-None-Match`, empty without one.
    static func answer(
        method: HTTPMethod, uri: String, knownRevisions: [String], document: FlagDocument?
    ) -> FlagAnswer {
        let path = uri.prefix { $0 != "?" }
        if path.hasPrefix(evaluation) {
            guard method == .POST else { return .text(.methodNotAllowed, "flags are evaluated with POST") }
            let key = String(path.dropFirst(evaluation.count)).removingPercentEncoding ?? ""
            return evaluate(key, document)
        }
        guard path == FlagAnswers.path else {
            return .text(.notFound, "the flags are at \(FlagAnswers.path)")
        }
        guard method == .GET || method == .HEAD else {
            return .text(.methodNotAllowed, "only GET; flags are not changed from here")
        }
        guard let document else { return .text(.serviceUnavailable, "the file of flags could not be read so far") }
        return whole(document, knownRevisions)
    }

    /// RFC 9110, section 13.1.2: `If-None-Match` is compared weakly.
    private static func whole(_ document: FlagDocument, _ knownRevisions: [String]) -> FlagAnswer {
        let tag = "\"\(document.revision)\""
        let known = knownRevisions.flatMap { $0.split(separator: ",") }.map {
            $0.trimmingCharacters(in: .whitespaces).replacing("W/", with: "")
        }
        let headers = [("etag", tag), ("cache-control", "no-cache")]
        if known.contains(tag) || known.contains("*") { return FlagAnswer(status: .notModified, headers: headers) }
        return FlagAnswer(
            status: .ok, headers: [("content-type", "application/json")] + headers,
            body: ByteBuffer(bytes: document.text))
    }

    /// OFREP of one flag (openfeature.dev, OFREP): for flags without targeting, whose answer is the same for everyone.
    private static func evaluate(_ key: String, _ document: FlagDocument?) -> FlagAnswer {
        func failure(_ status: HTTPResponseStatus, _ code: String, _ details: String) -> FlagAnswer {
            let text = FlagDocument.json(["key": key, "errorCode": code, "errorDetails": details]) ?? "{}"
            return .json(status, text)
        }
        guard let document else {
            return failure(.serviceUnavailable, "PROVIDER_NOT_READY", "the file of flags could not be read so far")
        }
        guard let flag = document.flags[key], flag.isEnabled, let variant = flag.variant, let value = flag.value else {
            return failure(
                .notFound, "FLAG_NOT_FOUND", "there is no flag of this name that is enabled and has a default")
        }
        guard !flag.hasTargeting else {
            return failure(
                .badRequest, "GENERAL", "the flag has targeting, which is evaluated by a provider in the process only")
        }
        let names = [key, variant].compactMap(FlagDocument.json)
        return .json(.ok, #"{"key":\#(names[0]),"value":\#(value),"variant":\#(names[1]),"reason":"STATIC"}"#)
    }
}

/// What is answered to calls by gRPC that have one answer. Pure.
enum SyncAnswers {
    static let service = "/flagd.sync.v1.FlagSyncService/"
    /// Is answered by a stream.
    static let stream = service + "SyncFlags"

    /// grpc/grpc, doc/statuscodes.md.
    enum Status: Int {
        case ok = 0
        case resourceExhausted = 8
        case unimplemented = 12
        case unavailable = 14
    }

    static func answer(uri: String, document: FlagDocument?) -> FlagAnswer {
        switch uri {
        case service + "FetchAllFlags":
            guard let document else { return failure(.unavailable, "the file of flags could not be read so far") }
            return message(SyncMessage.flags(document))
        case service + "GetMetadata": return message(SyncMessage.metadata)
        default: return failure(.unimplemented, "flagd.sync.v1.FlagSyncService is all that is served")
        }
    }

    /// An answer without a message: its trailers are its headers.
    static func failure(_ status: Status, _ text: String) -> FlagAnswer {
        FlagAnswer(
            status: .ok,
            headers: [
                ("content-type", "application/grpc"), ("grpc-status", "\(status.rawValue)"), ("grpc-message", text),
            ])
    }

    private static func message(_ body: ByteBuffer) -> FlagAnswer {
        FlagAnswer(
            status: .ok, headers: [("content-type", "application/grpc")], body: body, trailers: [("grpc-status", "0")])
    }
}

import Model
import Ports

/// What may be sent: rules on methods, headers and limits, each refusal saying what to change.
enum RequestRules {
    static func check(_ request: HTTPRequest) throws(TransportError) {
        try checkMethod(request)
        for header in request.headers { try checkHeader(header) }
        try checkLimits(request)
        try checkPaths(request)
    }

    /// A header whose value is a secret: a refusal names the place it is kept in, never the value.
    static func secretHeader(
        _ name: String, _ value: String, place: SecretReference
    ) throws(TransportError) -> TextPair {
        try checkName(name)
        guard value.utf8.allSatisfy(isFieldByte) else {
            throw .unusable("the secret in \(place.place) holds a line break or another control character")
        }
        return TextPair(name, value)
    }

    /// RFC 9110, section 9.1: a token. CONNECT asks for a tunnel, which is not a request.
    private static func checkMethod(_ request: HTTPRequest) throws(TransportError) {
        let method = request.method
        guard isToken(method), method.utf8.count <= 32, method != "CONNECT" else {
            throw .unusable("\(quoted(method)) is not an HTTP method that can be sent")
        }
        guard method != "HEAD" || request.body == nil else { throw .unusable("a HEAD request cannot carry a body") }
    }

    private static func checkHeader(_ header: TextPair) throws(TransportError) {
        try checkName(header.name)
        guard header.value.utf8.allSatisfy(isFieldByte) else {
            throw .unusable("the value of header \(header.name) holds a line break or another control character")
        }
    }

    /// Headers that frame the message are libcurl's: a second opinion on the length is how requests are smuggled.
    private static func checkName(_ name: String) throws(TransportError) {
        guard isToken(name), name.utf8.count <= 256 else {
            throw .unusable("\(quoted(name)) is not a header name")
        }
        guard name.utf8.count > longestFraming || !framing.contains(name.lowercased()) else {
            throw .unusable("the header \(name) is set by the transport and cannot be given")
        }
    }

    private static func checkLimits(_ request: HTTPRequest) throws(TransportError) {
        guard request.timeoutMs > 0, request.connectTimeoutMs > 0 else {
            throw .unusable("timeouts must be positive: a request without a limit could hang for ever")
        }
        guard request.timeoutMs <= longestMs, request.connectTimeoutMs <= longestMs else {
            throw .unusable("timeouts above \(longestMs) ms are not supported")
        }
        guard request.bodyLimitBytes >= 0 else { throw .unusable("the body limit cannot be negative") }
    }

    private static func checkPaths(_ request: HTTPRequest) throws(TransportError) {
        if let socket = request.unixSocket {
            // sun_path of unix(7) holds 108 bytes with its end.
            guard !socket.isEmpty, socket.utf8.count <= 107, isPath(socket) else {
                throw .unusable("\(quoted(socket)) is not a unix socket path of 1 to 107 bytes")
            }
        }
        let security = request.security
        for path in [security.caFile, security.certificateFile, security.keyFile].compactMap({ $0 }) {
            guard !path.isEmpty, isPath(path) else { throw .unusable("\(quoted(path)) is not a file path") }
        }
        guard security.keyFile == nil || security.certificateFile != nil else {
            throw .unusable("a client key was given without its certificate; set certificate_file too")
        }
    }

    private static let framing: Set<String> = ["content-length", "transfer-encoding", "expect", "trailer", "te"]
    private static let longestFraming = framing.map(\.utf8.count).max() ?? 0
    private static let longestMs: Int64 = 86_400_000

    private static func isToken(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(isTokenByte) }

    /// RFC 9110, section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// RFC 9110, section 5.5: no control characters but the tab.
    private static func isFieldByte(_ byte: UInt8) -> Bool { byte == 0x09 || (byte >= 0x20 && byte != 0x7F) }

    private static func isPath(_ text: String) -> Bool { !text.utf8.contains(0) }

    /// At most 40 characters, without control characters.
    private static func quoted(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(40).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0) }
        return "\"" + shown.joined() + "\""
    }
}

extension SecretReference {
    /// Where it is kept, for errors.
    var place: String {
        switch self {
        case .file(let path): "the file \(path)"
        case .environment(let name): "the environment variable \(name)"
        }
    }
}

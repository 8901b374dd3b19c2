public import Model

/// Sends one HTTP request: scrapes, admin APIs and webhooks all go through it. HTTPClient implements it.
///
/// Implementations verify TLS unless configured otherwise, speak `http` and `https` only (after redirects too), ignore
/// proxy environment variables, and stop a transfer as soon as its body passes the limit.
public protocol HTTPTransport: Sendable {
    /// - Throws: ``TransportError``; its text never holds a credential.
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse

    /// Sends a request whose answer may take long to end, such as a watch, and hands the body of an answer with the
    /// status 200 on as it arrives, decoded. The response has the body of any other answer, as ``send(_:)`` has it.
    ///
    /// The limit of the body's size does not hold for what is handed on; the time limit of the request does.
    ///
    /// - Parameter receive: gets the next part of the body, on a thread of the transport, which waits for it
    ///   meanwhile; false
    ///   ends the request.
    /// - Throws: ``TransportError``, `broken` when the receiver ended the request.
    func stream(
        _ request: HTTPRequest, _ receive: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
    ) async throws(TransportError) -> HTTPResponse

    /// Takes back the memory of a response body that is no longer needed, for a later response. Optional: a caller that
    /// receives many large bodies saves an allocation each.
    func reuse(_ body: consuming [UInt8])
}

extension HTTPTransport {
    /// Lets it go.
    public func reuse(_ body: consuming [UInt8]) {}

    /// Hands the body on when it is complete, for transports of tests.
    public func stream(
        _ request: HTTPRequest, _ receive: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
    ) async throws(TransportError) -> HTTPResponse {
        var response = try await send(request)
        guard response.status == 200 else { return response }
        guard response.takeBody().withUnsafeBytes(receive) else {
            throw .broken(address: request.url, reason: "the receiver ended the request")
        }
        return response
    }
}

/// A transport with connections of its own, which its owner closes.
public protocol OwnedTransport: HTTPTransport {
    /// False when the system had nothing left for it, or after ``shutdown()``.
    var isRunning: Bool { get }

    /// Aborts what is under way and closes all connections.
    func shutdown() async
}

/// One request; the limits are part of it, so that none goes out without them.
public struct HTTPRequest: Sendable {
    /// `GET`, `PUT`, `POST`.
    public var method: String
    /// Absolute, `http` or `https`; it may hold credentials, which no error repeats.
    public var url: String
    /// Sent in this order, beside those that the transport adds itself.
    public var headers: [TextPair]
    /// Nil sends no body.
    public var body: [UInt8]?
    /// Path of a unix socket to connect to instead of the host of the URL.
    public var unixSocket: String?
    /// A numeric address to connect to in the place of those of the URL's host, which TLS and the `Host` header still name.
    /// A redirect to another host is not bound to it.
    public var address: String?
    /// Name lookup, connection and TLS handshake, milliseconds.
    public var connectTimeoutMs: Int64
    /// Everything from name lookup to the last byte.
    public var timeoutMs: Int64
    /// Largest decompressed body.
    public var bodyLimitBytes: Int
    /// 0 takes a redirect as the answer.
    public var redirectLimit: Int
    /// Whether a redirect to another host or port is followed; else it is an error that names where it leads.
    public var redirectsMayLeaveHost: Bool
    /// Ask for compressed bodies. One that comes without being asked for is decoded all the same.
    public var acceptsCompression: Bool
    /// The status is all that the caller needs: once the headers have arrived, a body that is too large, too slow,
    /// broken or cannot be decoded is dropped instead of being an error. The response has the part that had arrived.
    public var isStatusEnough: Bool
    /// `security.authorization` is resolved by the transport, which holds a ``SecretStore``.
    public var security: ClientSecurity

    public init(
        method: String = "GET", url: String, headers: [TextPair] = [], body: [UInt8]? = nil, unixSocket: String? = nil,
        address: String? = nil, connectTimeoutMs: Int64 = 2_000, timeoutMs: Int64 = 5_000,
        bodyLimitBytes: Int = 1 << 20,
        redirectLimit: Int = 0, redirectsMayLeaveHost: Bool = true, acceptsCompression: Bool = false,
        isStatusEnough: Bool = false, security: ClientSecurity = ClientSecurity()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.unixSocket = unixSocket
        self.address = address
        self.connectTimeoutMs = connectTimeoutMs
        self.timeoutMs = timeoutMs
        self.bodyLimitBytes = bodyLimitBytes
        self.redirectLimit = redirectLimit
        self.redirectsMayLeaveHost = redirectsMayLeaveHost
        self.acceptsCompression = acceptsCompression
        self.isStatusEnough = isStatusEnough
        self.security = security
    }
}

/// A complete answer, whatever its status.
public struct HTTPResponse: Sendable {
    /// The status code of the last answer, after the redirects that were followed.
    public var status: Int
    /// As received, in order; names are compared without case.
    public var headers: [TextPair]
    /// Decompressed, at most the limit of the request.
    public var body: [UInt8]
    /// Where the connection led, after redirects: `10.0.0.1:9090`, with `localhost` for every address of this
    /// machine. Nil through a unix socket, and where the transport does not know it.
    public var peer: String?

    public init(status: Int, headers: [TextPair] = [], body: [UInt8] = [], peer: String? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        self.peer = peer
    }

    /// The body, which is empty then; for handing its memory on.
    public mutating func takeBody() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &body)
        return taken
    }

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? {
        headers.first { HTTPResponse.isEqual($0.name, name) }?.value
    }

    /// Names of headers are ASCII (RFC 9110, section 5.1), so no string needs to be made to compare them.
    private static func isEqual(_ one: String, _ other: String) -> Bool {
        one.utf8.count == other.utf8.count && zip(one.utf8, other.utf8).allSatisfy { lowered($0) == lowered($1) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

/// Why no answer came. Whether trying again can help is the error's own knowledge.
public enum TransportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The URL, a file or an option is unusable; the text says which.
    case unusable(String)
    /// No connection was made: nothing listens, or the name is unknown.
    case connectFailed(address: String, reason: String)
    /// The time limit of the request passed; the server may have acted on it.
    case timedOut(address: String, afterMs: Int64)
    /// The decompressed body passed the limit of the request, bytes.
    case bodyTooLarge(address: String, limitBytes: Int)
    /// The handshake or the verification of the certificate failed.
    case tls(address: String, reason: String)
    /// The connection broke after it was made; the server may have acted on the request.
    case broken(address: String, reason: String)
    /// The transport is shut down.
    case closed

    /// Whether the same request may succeed later without a change of the configuration.
    public var isWorthRetrying: Bool {
        switch self {
        case .connectFailed, .timedOut, .broken: true
        case .unusable, .bodyTooLarge, .tls, .closed: false
        }
    }

    public var description: String {
        switch self {
        case .unusable(let what): what
        case .connectFailed(let address, let reason): "cannot connect to \(address): \(reason)"
        case .timedOut(let address, let afterMs): "\(address) did not answer within \(afterMs) ms"
        case .bodyTooLarge(let address, let limit):
            "the answer of \(address) is larger than the limit of \(limit) bytes"
        case .tls(let address, let reason): "TLS with \(address) failed: \(reason)"
        case .broken(let address, let reason): "the connection to \(address) broke: \(reason)"
        case .closed: "the transport is shut down"
        }
    }
}

import Model
import Ports

/// A request that was checked, with its secrets resolved: everything the transfer thread needs.
struct PreparedRequest: Sendable {
    var method: String
    var address: WebAddress
    var headers: [TextPair]
    var credential: Credential?
    var body: [UInt8]?
    var unixSocket: String?
    /// Where the connection leads, with the host that it holds for: another host is looked up.
    var destination: Destination?
    var connectTimeoutMs: Int64
    var timeoutMs: Int64
    var bodyLimitBytes: Int
    var redirectsLeft: Int
    var redirectLimit: Int
    var redirectsMayLeaveHost: Bool
    var acceptsCompression: Bool
    var isStatusEnough: Bool
    var security: ClientSecurity
    /// Gets the body of an answer with the status 200 as it arrives; nil collects it.
    var receiver: (@Sendable (UnsafeRawBufferPointer) -> Bool)?

    var isRedirected: Bool { redirectsLeft < redirectLimit }

    /// Would the other one be sent with the same options but for its address and its times? Never where a secret or a
    /// body is sent along.
    func differsOnlyInAddress(from other: PreparedRequest) -> Bool {
        guard case nil = credential, case nil = other.credential, body == nil, other.body == nil else { return false }
        return method == other.method && unixSocket == other.unixSocket && destination == other.destination
            && security == other.security
            && acceptsCompression == other.acceptsCompression && headers == other.headers
    }

    /// - Parameter name: in lower case.
    func hasHeader(_ name: String) -> Bool { headers.contains { $0.name.lowercased() == name } }

    /// For errors.
    var shownAddress: String {
        let shown = ShownAddress.text(address.url, unixSocket: unixSocket)
        guard let destination, destination.host == address.host else { return shown }
        return "\(shown) (\(destination.address))"
    }

    struct Destination: Equatable {
        let host: String
        /// Numeric.
        let address: String

        /// libcurl's `HOST:PORT:CONNECT-TO-HOST:CONNECT-TO-PORT`, for every port of the host.
        var option: String {
            func bracketed(_ host: String) -> String {
                host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
            }
            return "\(bracketed(host))::\(bracketed(address)):"
        }
    }
}

/// A resolved secret. It has no description on purpose.
enum Credential: Sendable {
    case header(TextPair)
    case basic(user: String, password: String)
}

extension PreparedRequest {
    /// Checks the request and reads its secrets.
    ///
    /// - Throws: ``TransportError/unusable(_:)`` for anything that cannot be sent as it is.
    init(_ request: HTTPRequest, secrets: any SecretStore) throws(TransportError) {
        try RequestRules.check(request)
        let address = try WebAddress(request.url)
        self.address = address
        credential = try Self.credential(request.security.authorization, address: address, secrets: secrets)
        method = request.method
        headers = Self.headers(request.headers, replacedBy: credential)
        body = request.body
        unixSocket = request.unixSocket
        destination = request.address.map { Destination(host: address.host, address: $0) }
        connectTimeoutMs = min(request.connectTimeoutMs, request.timeoutMs)
        timeoutMs = request.timeoutMs
        bodyLimitBytes = request.bodyLimitBytes
        redirectLimit = max(0, request.redirectLimit)
        redirectsLeft = redirectLimit
        redirectsMayLeaveHost = request.redirectsMayLeaveHost
        acceptsCompression = request.acceptsCompression
        isStatusEnough = request.isStatusEnough
        security = request.security
    }

    /// A credential in the URL counts when no other one is configured.
    private static func credential(
        _ authorization: Authorization?, address: WebAddress, secrets: any SecretStore
    ) throws(TransportError) -> Credential? {
        do {
            switch authorization {
            case nil:
                guard address.user != nil || address.password != nil else { return nil }
                return try basic(user: address.user ?? "", password: address.password ?? "")
            case .bearer(let reference):
                let value = "Bearer " + (try secrets.secret(reference))
                return .header(try RequestRules.secretHeader("Authorization", value, place: reference))
            case .header(let name, let reference):
                let value = try secrets.secret(reference)
                return .header(try RequestRules.secretHeader(name, value, place: reference))
            case .basic(let user, let reference):
                return try basic(user: user, password: try secrets.secret(reference))
            }
        } catch let error as SecretError {
            throw .unusable(error.description)
        } catch let error as TransportError {
            throw error
        } catch {
            throw .unusable("the secret store failed")
        }
    }

    private static func basic(user: String, password: String) throws(TransportError) -> Credential {
        guard !user.contains(":") else {
            throw .unusable("a user name for basic authentication cannot hold a colon (RFC 7617, section 2)")
        }
        guard !user.utf8.contains(0), !password.utf8.contains(0) else {
            throw .unusable("a user name or password holds a NUL byte")
        }
        return .basic(user: user, password: password)
    }

    /// The resolved credential takes the place of a header of its name, instead of being sent twice.
    private static func headers(_ given: [TextPair], replacedBy credential: Credential?) -> [TextPair] {
        let replaced: String
        switch credential {
        case nil: return given
        case .basic: replaced = "authorization"
        case .header(let pair): replaced = pair.name.lowercased()
        }
        return given.filter { $0.name.lowercased() != replaced }
    }
}

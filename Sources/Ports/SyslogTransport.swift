public import Model

/// Brings one record to a syslog server. HTTPClient implements it.
///
/// Implementations verify TLS unless configured otherwise, and ignore proxy environment variables.
public protocol SyslogTransport: Sendable {
    /// Returns within ``OutgoingRecord/timeoutMs``. UDP has no answer: a record that was sent may be lost.
    ///
    /// - Returns: nil when the whole record was handed over; else why not.
    func send(_ record: OutgoingRecord) async -> String?
}

/// One record with its way.
public struct OutgoingRecord: Sendable {
    /// What carries it.
    public enum Carrier: String, Sendable, CaseIterable {
        /// Without an answer.
        case udp
        /// With the length in front of each record.
        case tcp
        /// The same in TLS.
        case tls
    }

    /// The protocol below syslog.
    public var carrier: Carrier
    /// A name or an address without brackets.
    public var host: String
    /// 1...65535.
    public var port: Int
    /// As it goes over the wire; over TCP and TLS with its length in front (RFC 6587, octet counting).
    public var bytes: [UInt8]
    /// The authorities and the client's certificate, for TLS.
    public var security: ClientSecurity
    /// Everything from name lookup to the last byte.
    public var timeoutMs: Int64

    public init(
        carrier: Carrier, host: String, port: Int, bytes: [UInt8], security: ClientSecurity, timeoutMs: Int64
    ) {
        self.carrier = carrier
        self.host = host
        self.port = port
        self.bytes = bytes
        self.security = security
        self.timeoutMs = timeoutMs
    }
}

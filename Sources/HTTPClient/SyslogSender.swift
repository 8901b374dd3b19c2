import CCurl
import Foundation
import Model
package import Ports

/// Syslog over UDP by a socket, over TCP and TLS by libcurl, one connection per record. Records are rare, so each has a
/// thread of its own for its time; it is bounded by the record's limit.
package struct SyslogSender: SyslogTransport {
    package init() {}

    /// This machine's name; empty where it has none.
    package static let hostName: String = {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    package func send(_ record: OutgoingRecord) async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    returning: record.carrier == .udp
                        ? Datagram.send(record) : SyslogConnection(record).send())
            }
        }
    }
}

/// One connection, on one thread.
private final class SyslogConnection {
    private let record: OutgoingRecord
    private let easy: UnsafeMutableRawPointer?
    private var refusedOption = CURLE_OK

    init(_ record: OutgoingRecord) {
        self.record = record
        easy = curl_easy_init()
    }

    deinit { curl_easy_cleanup(easy) }

    func send() -> String? {
        guard easy != nil else { return "there is no memory for a connection" }
        let deadline = Date().timeIntervalSince1970 + Double(record.timeoutMs) / 1_000
        configure()
        guard refusedOption == CURLE_OK else { return SyslogConnection.text(refusedOption) }
        let connected = curl_easy_perform(easy)
        guard connected == CURLE_OK else { return SyslogConnection.text(connected) }
        return write(until: deadline)
    }

    /// libcurl connects, with TLS where the scheme is `https`, and leaves the rest to the caller.
    private func configure() {
        refusedOption = rg_keep_sockets_from_children(easy)
        let host = record.host.contains(":") ? "[\(record.host)]" : record.host
        set(CURLOPT_URL, "\(record.carrier == .tls ? "https" : "http")://\(host):\(record.port)")
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_CONNECT_ONLY, 1)
        // Else TLS would agree on HTTP/2.
        set(CURLOPT_SSL_ENABLE_ALPN, 0)
        set(CURLOPT_TIMEOUT_MS, Int(max(1, record.timeoutMs)))
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, record.timeoutMs)))
        let security = record.security
        set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        set(CURLOPT_SSL_VERIFYPEER, security.insecureSkipVerify ? 0 : 1)
        set(CURLOPT_SSL_VERIFYHOST, security.insecureSkipVerify ? 0 : 2)
        if let path = security.caFile { set(CURLOPT_CAINFO, path) }
        guard let certificate = security.certificateFile else { return }
        set(CURLOPT_SSLCERT, certificate)
        set(CURLOPT_SSLKEY, security.keyFile ?? certificate)
        set(CURLOPT_KEYPASSWD, "")
    }

    private func write(until deadline: Double) -> String? {
        var sent = 0
        while sent < record.bytes.count {
            var count = 0
            let code = record.bytes.withUnsafeBytes { bytes in
                curl_easy_send(easy, bytes.baseAddress! + sent, bytes.count - sent, &count)
            }
            sent += count
            guard code != CURLE_AGAIN else {
                guard Date().timeIntervalSince1970 < deadline else { return "it did not take the record in time" }
                Thread.sleep(forTimeInterval: 0.005)
                continue
            }
            guard code == CURLE_OK else { return SyslogConnection.text(code) }
        }
        return nil
    }

    private static func text(_ code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }

    private func set(_ option: CURLoption, _ value: String) { note(rg_set_text(easy, option, value)) }

    private func set(_ option: CURLoption, _ value: Int) { note(rg_set_long(easy, option, value)) }

    private func note(_ code: CURLcode) { if code != CURLE_OK, refusedOption == CURLE_OK { refusedOption = code } }
}

/// One datagram.
private enum Datagram {
    static func send(_ record: OutgoingRecord) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(record.host, "\(record.port)", &hints, &found)
        guard code == 0, let first = found else { return String(cString: gai_strerror(code)) }
        defer { freeaddrinfo(first) }
        var problem = "it has no address"
        var next: UnsafeMutablePointer<addrinfo>? = first
        while let address = next?.pointee {
            let socket = Glibc.socket(address.ai_family, address.ai_socktype, address.ai_protocol)
            defer { if socket >= 0 { close(socket) } }
            // Connected, so that a port where nothing listens is reported to the next record's call.
            if socket >= 0, connect(socket, address.ai_addr, address.ai_addrlen) == 0,
                Glibc.send(socket, record.bytes, record.bytes.count, Int32(MSG_NOSIGNAL)) == record.bytes.count
            {
                return nil
            }
            problem = String(cString: strerror(errno))
            next = address.ai_next
        }
        return problem
    }
}

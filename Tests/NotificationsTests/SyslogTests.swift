import Foundation
import Glibc
import HTTPClient
import Model
import Ports
import Synchronization
import Testing

@testable import Notifications

private func receiver(
    _ server: String, transport: any SyslogTransport, security: ClientSecurity = ClientSecurity(), text: String? = nil
) -> any Receiver {
    var plan = ReceiverPlan(
        name: "log", kind: ReceiverPlan.Kind(SyslogKind.Settings(server: SyslogServer(server))), url: "",
        security: security)
    plan.textTemplate = text
    return ReceiverKinds.receiver(
        plan,
        ReceiverSetup(
            transport: ScriptedTransport([.status(500)]), secrets: FixedSecret(text: "x"), syslog: transport,
            hostName: "watch er", externalURL: "http://rollguard.example", clock: { 0 }))
}

private func delivery(_ change: (inout Model.Notification) -> Void = { _ in }) -> Delivery {
    var notification = Model.Notification.sample(.rollbackAbandoned)
    change(&notification)
    return Delivery(id: "ab12cd34-2-log", receiver: "log", notification: notification)
}

private actor Records: SyslogTransport {
    private(set) var records: [OutgoingRecord] = []

    func send(_ record: OutgoingRecord) -> String? {
        records.append(record)
        return nil
    }
}

@Suite("Syslog")
struct SyslogTests {
    private static func text(_ delivery: Delivery, _ server: String = "udp://log.example:514") async throws -> String {
        let records = Records()
        #expect(await receiver(server, transport: records).deliver(delivery) == .delivered)
        return String(decoding: try #require(await records.records.first).bytes, as: UTF8.self)
    }

    @Test func aRecordHasTheFormOfRFC5424() async throws {
        let text = try await Self.text(delivery())
        let head = "<130>1 2023-11-14T22:13:20.123Z watcher rollguard - rollback_abandoned [rollguard@32473 "
        #expect(text.hasPrefix(head), "\(text)")
        #expect(text.contains("release=\"checkout\"") && text.contains("delivery=\"ab12cd34-2-log\"] \u{FEFF}"))
    }

    @Test func overTCPTheLengthComesFirst() async throws {
        let text = try await Self.text(delivery(), "tcp://log.example:601")
        let parts = text.split(separator: " ", maxSplits: 1)
        #expect(Int(parts[0]) == parts[1].utf8.count)
    }

    /// Neither a parameter nor the text ends the record or what it is in, and rsyslog cuts at 8 096 bytes.
    @Test(arguments: ["\"]\\", "x\r\n<0>1 - - forged", String(repeating: "灰", count: 20_000), "\0"])
    func foreignTextForgesNothing(_ text: String) async throws {
        let record = try await Self.text(
            delivery { ($0.release, $0.canaryVersion, $0.summary) = (text, text, text) })
        let bytes = Array(record.utf8)
        #expect(bytes.count <= 7_200)
        #expect(!bytes.contains { $0 < 0x20 })
        // The first bracket that no backslash is before ends the parameters, and the text follows.
        var place = try #require(bytes.firstIndex(of: UInt8(ascii: "[")))
        while place < bytes.count, bytes[place] != UInt8(ascii: "]") {
            place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        #expect(bytes[min(place + 1, bytes.count)...].starts(with: " \u{FEFF}".utf8), "\(record.prefix(900))")
    }

    @Test(arguments: [
        ("udp://h:514", true), ("tcp://[::1]:601", true), ("tls://log.example:6514", true), ("tcp://h", false),
        ("http://h:80", false), ("tcp://h:0", false), ("tcp://h:70000", false), ("tcp://:601", false),
        ("tcp://user@h:601", false), ("tcp://a b:601", false), ("", false),
    ])
    func anAddressNamesCarrierHostAndPort(_ text: String, _ isUsable: Bool) {
        #expect((SyslogServer(text) != nil) == isUsable)
        if isUsable { #expect(SyslogServer(text)?.text == text) }
    }

    @Test func aServerThatIsNotThereIsTriedAgain() async {
        let outcome = await receiver("tcp://127.0.0.1:1", transport: SyslogSender()).deliver(delivery())
        guard case .retry(let reason, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.hasPrefix("tcp://127.0.0.1:1: "))
    }
}

/// rsyslogd on loopback.
private final class LogServer {
    static let isInstalled = ["/usr/sbin/rsyslogd", "/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so"]
        .allSatisfy { FileManager.default.fileExists(atPath: $0) }

    private let folder: URL
    private let process = Process()
    let port: Int
    var certificate: String { folder.appendingPathComponent("cert.pem").path }

    init(tls: Bool) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("rollguard-log-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = try LogServer.freePort()
        if tls { try LogServer.makeCertificate(folder) }
        try configuration(tls: tls).write(
            to: folder.appendingPathComponent("rsyslog.conf"), atomically: true, encoding: .utf8)
        process.executableURL = URL(fileURLWithPath: "/usr/sbin/rsyslogd")
        process.arguments = ["-n", "-f", folder.path + "/rsyslog.conf", "-i", folder.path + "/pid"]
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
        for _ in 0..<500 where !isListening { try await Task.sleep(for: .milliseconds(20)) }
    }

    private func configuration(tls: Bool) -> String {
        let files = ["ca": "CAFile", "cert": "CertFile", "key": "KeyFile"].map { name, option in
            "DefaultNetstreamDriver\(option)=\"\(folder.path)/\(name == "ca" ? "cert" : name).pem\""
        }
        let driver = "StreamDriver.Name=\"gtls\" StreamDriver.Mode=\"1\" StreamDriver.AuthMode=\"anon\""
        return """
            global(workDirectory="\(folder.path)" \(tls ? files.joined(separator: " ") : ""))
            module(load="imtcp" \(tls ? driver : ""))
            module(load="imudp")
            template(name="row" type="string" string="%pri%|%app-name%|%msgid%|%structured-data%|%msg:::json%\\n")
            ruleset(name="all") { action(type="omfile" file="\(folder.path)/log" template="row" flushOnTXEnd="on") }
            input(type="imtcp" address="127.0.0.1" port="\(port)" ruleset="all")
            input(type="imudp" address="127.0.0.1" port="\(port)" ruleset="all")

            """
    }

    private static func makeCertificate(_ folder: URL) throws {
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        openssl.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder.path + "/key.pem",
            "-out", folder.path + "/cert.pem",
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
    }

    private static let given = Mutex<Set<Int>>([])

    /// A port that was free a moment ago, from below the range that the system gives out by itself and never one that was
    /// given before, so that no other test comes by it in between.
    private static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 10_000..<32_000)
            if isFree(port), given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw CocoaError(.featureUnsupported)
    }

    private static func isFree(_ port: Int) -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        return withAddress(port) { bind(socket, $0, $1) == 0 }
    }

    private var isListening: Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        return LogServer.withAddress(port) { connect(socket, $0, $1) == 0 }
    }

    private static func withAddress(_ port: Int, _ work: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
        var address = sockaddr_in()
        (address.sin_family, address.sin_addr.s_addr) = (sa_family_t(AF_INET), inet_addr("127.0.0.1"))
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                work($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// Waits until so many records are there.
    func rows(_ count: Int) async throws -> [String] {
        for _ in 0..<500 {
            let text = (try? String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8)) ?? ""
            let rows = text.split(separator: "\n").map(String.init)
            if rows.count >= count { return rows }
            try await Task.sleep(for: .milliseconds(20))
        }
        return []
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}

@Suite("A real syslog server", .enabled(if: LogServer.isInstalled, "rsyslog is not installed: scripts/setup.sh test"))
struct LogServerTests {
    @Test(arguments: ["udp", "tcp"]) func aRecordArrivesWhole(_ carrier: String) async throws {
        let server = try await LogServer(tls: false)
        let receiver = receiver("\(carrier)://127.0.0.1:\(server.port)", transport: SyslogSender())
        #expect(await receiver.deliver(delivery { $0.summary = "灰度 ] \" \\ first\nsecond" }) == .delivered)
        #expect(await receiver.deliver(delivery()) == .delivered)
        let rows = try await server.rows(2)
        #expect(
            rows.count == 2 && rows.allSatisfy { $0.hasPrefix("130|rollguard|rollback_abandoned|[rollguard@32473 ") })
        #expect(rows[0].contains("灰度 ]") && rows[0].contains("first"))
    }

    @Test func overTLSTheServerIsVerified() async throws {
        let server = try await LogServer(tls: true)
        let address = "tls://127.0.0.1:\(server.port)"
        let trusting = receiver(
            address, transport: SyslogSender(), security: ClientSecurity(caFile: server.certificate))
        #expect(await trusting.deliver(delivery()) == .delivered)
        #expect(try await server.rows(1).count == 1)
        guard case .retry = await receiver(address, transport: SyslogSender()).deliver(delivery()) else {
            Issue.record("a server that is not trusted got the record")
            return
        }
    }
}

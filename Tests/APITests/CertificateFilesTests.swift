import Foundation
import Model
import Testing

@testable import API

/// The files of `listen.tls`, made by openssl.
@Suite(.enabled(if: OpenSSL.isInstalled, "needs openssl"))
struct CertificateFilesTests {
    @Test(arguments: ["ec", "rsa"])
    func aCertificateWithItsKeyCanBeUsed(_ kind: String) throws {
        let folder = try OpenSSL()
        defer { folder.remove() }
        try folder.selfSigned("own", kind: kind)
        #expect(try CertificateFiles.check(folder.files("own", "own")) == [])
    }

    @Test(arguments: [
        ("missing.pem", "own.key", CertificateProblem.Source.certificate, "cannot be read: No such file"),
        ("own.pem", "missing.key", .key, "cannot be read: No such file"),
        ("text.txt", "own.key", .certificate, "holds no certificate in PEM form"),
        ("own.key", "own.key", .certificate, "holds no certificate in PEM form"),
        ("own.pem", "text.txt", .key, "holds no private key in PEM form"),
        ("own.pem", "own.pem", .key, "holds no private key in PEM form"),
        ("own.pem", "encrypted.key", .key, "with a pass phrase"),
        ("own.pem", "other.key", .key, "does not belong to the first certificate"),
        (".", "own.key", .certificate, "not a regular file"),
        ("own.pem", "large.key", .key, "larger than 1048576 bytes"),
        ("own.pem", "empty.key", .key, "empty"),
    ])
    func filesThatCannotBeUsedAreNamedWithTheReason(
        _ certificate: String, _ key: String, _ source: CertificateProblem.Source, _ part: String
    ) throws {
        let folder = try OpenSSL()
        defer { folder.remove() }
        try folder.selfSigned("own")
        try folder.selfSigned("other")
        try folder.run(["ec", "-in", "own.key", "-aes256", "-passout", "pass:s3cret", "-out", "encrypted.key"])
        try folder.write("text.txt", Data("hello\n".utf8))
        try folder.write("empty.key", Data())
        try folder.write("large.key", Data(count: (1 << 20) + 1))
        let files = ListenTLS(certificateFile: folder.path(certificate), keyFile: folder.path(key))
        let problem = #expect(throws: CertificateProblem.self) { try CertificateFiles.check(files) }
        #expect(problem?.source == source)
        #expect(problem?.description.contains(part) == true, "\(String(describing: problem))")
    }

    @Test(arguments: [(0o600, false), (0o640, false), (0o644, true), (0o602, true)])
    func aKeyThatOthersCanReachIsAWarning(_ mode: Int, _ isWarned: Bool) throws {
        let folder = try OpenSSL()
        defer { folder.remove() }
        try folder.selfSigned("own")
        #expect(chmod(folder.path("own.key"), mode_t(mode)) == 0)
        let warnings = try CertificateFiles.check(folder.files("own", "own"))
        #expect(warnings.map(\.source) == (isWarned ? [.key] : []), "\(warnings)")
    }

    @Test func aCertificateOutOfItsTimeIsAWarning() throws {
        let folder = try OpenSSL()
        defer { folder.remove() }
        try folder.selfSigned("own")
        let now = Int(Date().timeIntervalSince1970)
        for (days, part) in [(10, "expired at 20"), (-10, "is not valid before 20")] {
            let warnings = try CertificateFiles.load(
                folder.files("own", "own"), nowSeconds: now + days * 86_400
            ).warnings
            #expect(warnings.count == 1 && warnings[0].description.contains(part), "\(warnings)")
        }
    }

    /// What cannot be read leaves the old one in force.
    @Test func aReloadTakesEverythingOrNothing() throws {
        let folder = try OpenSSL()
        defer { folder.remove() }
        try folder.selfSigned("own")
        let certificate = try ServerCertificate(folder.files("own", "own"))
        let first = ObjectIdentifier(certificate.context)
        try folder.selfSigned("other")
        try FileManager.default.removeItem(atPath: folder.path("own.pem"))
        try FileManager.default.copyItem(atPath: folder.path("other.pem"), toPath: folder.path("own.pem"))
        #expect(throws: CertificateProblem.self) { try certificate.reload() }
        #expect(ObjectIdentifier(certificate.context) == first)
        try FileManager.default.removeItem(atPath: folder.path("own.key"))
        try FileManager.default.copyItem(atPath: folder.path("other.key"), toPath: folder.path("own.key"))
        _ = try certificate.reload()
        #expect(ObjectIdentifier(certificate.context) != first)
    }
}

/// A temporary folder in which openssl makes keys and certificates.
struct OpenSSL {
    static let program = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    static var isInstalled: Bool { program != nil }

    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("console-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func files(_ certificate: String, _ key: String) -> ListenTLS {
        ListenTLS(certificateFile: path(certificate + ".pem"), keyFile: path(key + ".key"))
    }

    func selfSigned(_ name: String, kind: String = "ec") throws {
        let parameters =
            kind == "ec" ? ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["rsa:2048"]
        try run(
            ["req", "-x509", "-newkey"] + parameters
                + ["-nodes", "-days", "2", "-subj", "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).pem"])
    }

    func write(_ name: String, _ data: Data) throws { try data.write(to: folder.appendingPathComponent(name)) }

    func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program ?? "/nonexistent")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}

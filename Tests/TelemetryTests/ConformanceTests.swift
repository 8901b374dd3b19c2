import Foundation
import Testing

@testable import Telemetry

/// Public conformance data, where it is at hand: vectors with what the Prometheus 3 server did, the OpenMetrics suite,
/// whole scrape bodies. What they showed is kept in the tables of the other tests.
enum Conformance {
    static let folder: String? = {
        let named = ProcessInfo.processInfo.environment["ROLLGUARD_CONFORMANCE"]
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = named ?? root.deletingLastPathComponent().appendingPathComponent("shared/conformance").path
        return FileManager.default.fileExists(atPath: folder + "/vectors") ? folder : nil
    }()

    static func json(_ path: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(fileURLWithPath: (folder ?? "") + "/" + path))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    static func latin1(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

    static func isAccepted(_ body: [UInt8], _ format: ExpositionFormat) -> Bool {
        (try? Exposition.samples(in: body, format: format)) != nil
    }
}

@Suite("Public conformance data", .enabled(if: Conformance.folder != nil, "set ROLLGUARD_CONFORMANCE to run it"))
struct ConformanceTests {
    @Test(arguments: ["prom_text_server_errors", "openmetrics_server_errors"])
    func serverErrorVectors(_ file: String) throws {
        let document = try Conformance.json("vectors/\(file).json")
        let cases = try #require(document["cases"] as? [[String: Any]])
        for (number, one) in cases.enumerated() {
            let input = try #require(one["input"] as? [String: String])
            let body = input["text"].map { Array($0.utf8) } ?? Conformance.latin1(input["latin1"] ?? "")
            let error = one["error"] as? String ?? ""
            let format: ExpositionFormat = file.hasPrefix("prom") ? .prometheusText : .openMetrics
            #expect(
                Conformance.isAccepted(body, format) == (error == "" || error == "EOF"), "\(file) \(number): \(input)")
        }
        print("\(file): \(cases.count) cases")
    }

    /// Accepting and rejecting, and for accepted scrape bodies the same series with the same values.
    @Test func cornerCasesAsPrometheus3() throws {
        let cases = try Conformance.json("vectors/corner_cases.json")
        for (name, any) in cases.sorted(by: { $0.key < $1.key }) {
            let one = try #require(any as? [String: Any])
            let body = Conformance.latin1(one["input"] as? String ?? "")
            let isUp = one["server353"] as? String == "up"
            guard let format = try? ExpositionFormat(contentType: one["content_type"] as? String, fallback: nil) else {
                #expect(!isUp, "\(name)")
                continue
            }
            #expect(Conformance.isAccepted(body, format) == isUp, "\(name)")
            // A timestamp far in the future is accepted and not stored; blanks before a name are not part of it for us.
            guard isUp, name != "om_ts_ms", name != "leading_space" else { continue }
            let stored = try #require(one["server353_series"] as? [[Any]])
            let found = try Exposition.samples(in: body, format: format)
            #expect(Set(found.map(Self.key)) == Set(stored.map(Self.key)), "\(name)")
        }
        print("corner_cases: \(cases.count) cases")
    }

    private static func key(_ sample: ExpositionSample) -> String {
        let labels = sample.labels.map { "\($0.name)=\($0.value)" } + ["__name__=\(sample.name)"]
        return labels.sorted().joined(separator: ",") + " " + sample.valueText
    }

    private static func key(_ stored: [Any]) -> String {
        let labels = (stored.first as? [String: String] ?? [:]).filter { !$0.value.isEmpty }.map {
            "\($0.key)=\($0.value)"
        }
        return labels.sorted().joined(separator: ",") + " " + (stored.last as? String ?? "?")
    }

    @Test func openMetricsSuite() throws {
        let folder = (Conformance.folder ?? "") + "/openmetrics"
        var counts = (valid: 0, accepted: 0, invalid: 0)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let test = try Conformance.json("openmetrics/\(name)/test.json")
            let file = test["file"] as? String ?? "metrics"
            let body = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)/\(file)")))
            let isAccepted = Conformance.isAccepted(body, .openMetrics)
            if test["shouldParse"] as? Bool == true {
                counts.valid += 1
                #expect(isAccepted, "\(name)")
            } else {
                counts.invalid += 1
                // The server lets semantic errors pass that the suite refuses.
                if isAccepted { counts.accepted += 1 }
            }
        }
        #expect(counts.valid > 0)
        print("openmetrics: \(counts.valid) valid, \(counts.invalid) invalid, of these \(counts.accepted) let pass")
    }

    @Test(arguments: [
        ("1histogram.om.txt", ExpositionFormat.openMetrics, 42), ("alltypes.5mfs.om.txt", .openMetrics, 53),
        ("alltypes.237mfs.prom.txt", .prometheusText, 1_857),
        ("alltypes.237mfs.nometa.prom.txt", .prometheusText, 1_857),
    ])
    func wholeScrapes(_ name: String, _ format: ExpositionFormat, _ samples: Int) throws {
        let path = (Conformance.folder ?? "") + "/textparse/" + name
        var body = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        // Two of the scrape bodies are kept without their end mark.
        if format == .openMetrics, !String(decoding: body.suffix(8), as: UTF8.self).contains("# EOF") {
            body += Array("# EOF\n".utf8)
        }
        let found = try Exposition.samples(in: body, format: format)
        #expect(try Exposition.sampleCount(in: body, format: format) == samples)
        // Printing and reading again is the identity.
        let printed = Array(found.map { "\($0)\n" }.joined().utf8)
        let again = try Exposition.samples(in: printed, format: .prometheusText)
        #expect(again.map(\.valueText) == found.map(\.valueText))
        #expect(again.map(\.name) == found.map(\.name))
    }
}

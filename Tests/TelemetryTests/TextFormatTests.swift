import Testing

@testable import Telemetry

private func accepts(_ body: String, _ format: ExpositionFormat) -> Bool { accepts(Array(body.utf8), format) }

private func accepts(_ body: [UInt8], _ format: ExpositionFormat) -> Bool {
    (try? Exposition.samples(in: body, format: format)) != nil
}

private func lines(_ body: String, _ format: ExpositionFormat = .prometheusText) throws -> [String] {
    try Exposition.samples(in: Array(body.utf8), format: format).map(\.description)
}

/// What a Prometheus 3 server accepts and rejects.
@Suite("Text format 0.0.4")
struct TextFormatTests {
    @Test(arguments: [
        // scrape body, canonical samples
        ("a 1", ["a 1"]), ("a 1 \n", ["a 1"]), ("a\t1\t12\n", ["a 1 12"]), ("a{} 1\n", ["a 1"]), ("", []),
        ("  \n\n", []),
        ("a{l=\"x\"}1\n", ["a{l=\"x\"} 1"]), ("a { l = \"x\" , m = \"y\" , } 1\n", ["a{l=\"x\",m=\"y\"} 1"]),
        ("a{m=\"y\" l=\"x\"} 1\n", ["a{l=\"x\",m=\"y\"} 1"]), ("a{l=\"\"} 1\n", ["a 1"]),
        ("a{l=\"\\\\ \\\" \\n \\t\"} 1\n", ["a{l=\"\\\\ \\\" \\n \\\\t\"} 1"]),
        ("a{l=\"x\ny\"} 1\n", ["a{l=\"x\\ny\"} 1"]),
        ("a{l=\"1\"} 1\na{l=\"1\"} 2\n", ["a{l=\"1\"} 1"]), ("a 1\n\0b 2\n", ["a 1"]), ("# EOF\na 1\n", ["a 1"]),
        ("#TYPE a x\n# whatever\n#\na 1\n", ["a 1"]), ("# TYPE a gauge\n# TYPE a counter\na NaN\n", ["a NaN"]),
        ("# HELP a one\\ttwo\n:a:b 1\n", [":a:b 1"]), ("{\"my.metric\",l=\"b\"} 1\n", ["{\"my.metric\",l=\"b\"} 1"]),
        ("a{\"my.label\"=\"b\"} 1\n", ["a{\"my.label\"=\"b\"} 1"]), ("{\"plain\"} 1\n", ["plain 1"]),
        ("# TYPE h histogram\nh_bucket{le=\"1\"} 1\n", ["h_bucket{le=\"1.0\"} 1"]),
        ("h_bucket{le=\"1\"} 1\n", ["h_bucket{le=\"1\"} 1"]),
        ("# TYPE s summary\ns{quantile=\"0.50\"} 1\n", ["s{quantile=\"0.5\"} 1"]),
        ("a 1 1\na 2 2\n", ["a 1 1", "a 2 2"]),
    ])
    func readsAndPrints(_ body: String, _ samples: [String]) throws {
        #expect(try lines(body) == samples)
    }

    @Test(arguments: [
        "a", "a1\n", "a 1\r\n", "a-b 1\n", "1a 1\n", ".a 1\n", "a{l-m=\"1\"} 1\n", "a{1=\"x\"} 1\n", "a{l='x'} 1\n",
        "a{,} 1\n", "a{,l=\"x\"} 1\n", "a{l=\"x\",,m=\"y\"} 1\n", "a{l=\"x\\\"} 1\n", "a{l=\"x\"\n", "a{l} 1\n",
        "a{l=\"1\",l=\"2\"} 1\n", "a{__name__=\"b\"} 1\n", "{l=\"x\"} 1\n", "{\"a\",\"b\"} 1\n", "{\"\"} 1\n",
        "a 1 -1\n",
        "a 1 +1\n", "a 1 1.5\n", "a 1 1e3\n", "a 1 2 3\n", "a 1 # x\n", "a 1 99999999999999999999\n",
        "# TYPE a\na 1\n", "# TYPE a foo\n", "# TYPE a COUNTER\n", "# TYPE a counter \n", "# TYPE a info\n",
        "# TYPE #\n", "# HELP #\n", "\u{FEFF}a 1\n", "a{l=\"x\"} \0\n",
    ])
    func rejects(_ body: String) { #expect(!accepts(body, .prometheusText)) }

    @Test(
        arguments: [
            ("Inf", "+Inf"), ("+Inf", "+Inf"), ("-inf", "-Inf"), ("INFINITY", "+Inf"), ("nan", "NaN"), ("NaN", "NaN"),
            (".5", "0.5"), ("5.", "5"), ("5.e2", "500"), ("1E+05", "100000"), ("00012", "12"), ("-0", "-0"),
            ("1e-400", "0"),
            ("9007199254740993", "9007199254740992"), ("0.1", "0.1"), ("1.7976931348623157e308", nil),
            ("123456789012345678901234567890", "1.2345678901234568e+29"), ("4.9e-324", nil), ("1e23", nil),
            ("8.5e-5", "0.000085"), ("5.81e-07", "5.81e-07"),
        ] as [(String, String?)])
    func readsNumbers(_ text: String, _ shown: String?) throws {
        let sample = try #require(try Exposition.samples(in: Array("a \(text)\n".utf8), format: .prometheusText).first)
        if let shown { #expect(sample.valueText == shown) } else { #expect(sample.value == Double(text)) }
    }

    @Test(arguments: [
        "-NaN", "+NaN", "0x10", "0x1p-3", "1_000", "1e", "1e400", "-1e400", "0b1", "1,5", "true", "+", "-", ".", "e5",
        "1e+",
        "infinit", "in", "--1", "1.2.3",
    ])
    func rejectsNumbers(_ text: String) { #expect(!accepts("a \(text)\n", .prometheusText)) }

    @Test func invalidUTF8IsAnErrorInValuesAndHelpButNotInComments() {
        #expect(!accepts(Array("a{l=\"".utf8) + [0xFF] + Array("\"} 1\n".utf8), .prometheusText))
        #expect(!accepts(Array("# HELP a ".utf8) + [0xFF] + Array("\na 1\n".utf8), .prometheusText))
        #expect(accepts(Array("# ".utf8) + [0xFF] + Array("\na 1\n".utf8), .prometheusText))
        #expect(accepts(Array("a{l=\"日本\"} 1\n".utf8), .prometheusText))
    }

    @Test(arguments: [
        ("ok 1\nbad{l=\"x\" 1\n", "line 2: expected a label's name, got '1'"),
        ("ok 1\nbad\n", "line 2: expected a value after the metric's name, got the end of the line"),
        ("a{l=\"1\",l=\"2\"} 1\n", "line 1: a: the label 'l' is there twice"),
        ("# TYPE a foo\n", "line 1: unknown metric type 'foo'; it is counter, gauge, histogram, summary or untyped"),
        ("a 1x\n", "line 1: the value '1x' is not a number"),
    ])
    func errorsSayWhereAndWhat(_ body: String, _ text: String) {
        #expect(throws: ExpositionError.self) { try Exposition.samples(in: Array(body.utf8), format: .prometheusText) }
        do { _ = try Exposition.samples(in: Array(body.utf8), format: .prometheusText) } catch {
            #expect("\(error)" == text)
        }
    }

    /// Cut off or changed anywhere, a scrape body gives an answer and never a crash.
    @Test func anyDamageEndsInAnAnswer() {
        let body = Array(
            "# HELP a b\n# TYPE a histogram\na_bucket{le=\"0.5\",x=\"\\\\\"} 1 12\n{\"q.r\",\"s\"=\"t\"} 1e5\n# EOF\n"
                .utf8)
        var random = SystemRandomNumberGenerator.Seeded(7)
        for format in ExpositionFormat.allCases {
            for end in 0...body.count { _ = accepts(Array(body[..<end]), format) }
            for _ in 0..<5_000 {
                var damaged = body
                for _ in 0..<3 {
                    damaged[Int(random.next() % UInt64(body.count))] = UInt8(truncatingIfNeeded: random.next())
                }
                _ = accepts(damaged, format)
            }
        }
    }
}

extension SystemRandomNumberGenerator {
    /// The same numbers on every run (SplitMix64).
    struct Seeded: RandomNumberGenerator {
        private var state: UInt64

        init(_ seed: UInt64) { state = seed }

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }
}

@Suite("OpenMetrics 1.0")
struct OpenMetricsTests {
    @Test(arguments: [
        ("# EOF", []), ("# EOF\n", []), ("a 1\n# EOF\n", ["a 1"]), ("a{l=\"x\",} 1\n# EOF\n", ["a{l=\"x\"} 1"]),
        ("a 1 1.5\n# EOF\n", ["a 1 1500"]), ("a 1 -1\n# EOF\n", ["a 1 -1000"]),
        ("a_total 1 # {id=\"x\"} 0.5 12.5\n# EOF\n", ["a_total 1"]),
        ("a_total 1 3 # {} 0.5\n# EOF\n", ["a_total 1 3000"]),
        ("# UNIT a_seconds seconds\na_seconds 1\n# EOF\n", ["a_seconds 1"]),
        ("# TYPE a info\na_info 1\n# EOF\n", ["a_info 1"]),
        ("# TYPE a histogram\na_bucket{le=\"1\"} 1\n# EOF\n", ["a_bucket{le=\"1.0\"} 1"]),
    ])
    func readsAndPrints(_ body: String, _ samples: [String]) throws {
        #expect(try lines(body, .openMetrics) == samples)
    }

    @Test(arguments: [
        "", "a 1\n", "a 1\n#EOF\n", "a 1\n# EOF\n\n", "# EOF\na 1", "# EOFa", " a 1\n# EOF\n", "a  1\n# EOF\n",
        "a\t1\n# EOF\n",
        "\n# EOF\n", "a 1\r\n# EOF\n", "# comment\n# EOF\n", "a 1 NaN\n# EOF\n", "a 1 -Inf\n# EOF\n",
        "a 1 1e300\n# EOF\n",
        "a{l=\"x\", m=\"y\"} 1\n# EOF\n", "a{l=\"x\"m=\"y\"} 1\n# EOF\n", "a{l=\"x\ny\"} 1\n# EOF\n",
        "a{l=\"x\"}1\n# EOF\n",
        "# TYPE a untyped\n# EOF\n", "# TYPE a\n# EOF\n", "# UNIT a_b c\n# EOF\n", "# UNIT absec sec\n# EOF\n",
        "a_total 1 # {id=\"x\"}\n# EOF\n", "a_total 1 # {id} 1\n# EOF\n", "a 1 2 3\n# EOF\n", "a 0x1p-3\n# EOF\n",
        "# HELP a",
    ])
    func rejects(_ body: String) { #expect(!accepts(body, .openMetrics)) }
}

@Suite("Content-Type")
struct ContentTypeTests {
    @Test(arguments: [
        ("text/plain; version=0.0.4; charset=utf-8", ExpositionFormat.prometheusText), ("TEXT/PLAIN", .prometheusText),
        ("application/openmetrics-text; version=1.0.0", .openMetrics), (" application/OpenMetrics-Text ", .openMetrics),
        ("text/plain;version=9.9", .prometheusText),
    ])
    func choosesByMediaTypeAlone(_ header: String, _ format: ExpositionFormat) throws {
        #expect(try ExpositionFormat(contentType: header, fallback: nil) == format)
    }

    @Test(arguments: ["", "text/html", "application/json", ";", "application/vnd.google.protobuf; proto=x"])
    func refusesOthersUnlessAFallbackIsConfigured(_ header: String) throws {
        #expect(throws: ExpositionError.self) { try ExpositionFormat(contentType: header, fallback: nil) }
        #expect(try ExpositionFormat(contentType: header, fallback: .openMetrics) == .openMetrics)
    }
}

@Suite("Numbers as the server stores them")
struct FloatFormatTests {
    @Test(arguments: [
        (1.0, "1.0", "1"), (0.0, "0.0", "0"), (0.005, "0.005", "0.005"), (1e6, "1e+06", "1000000"),
        (100_000, "100000.0", "100000"),
        (1_234_567, "1.234567e+06", "1234567"), (0.00001, "1e-05", "0.00001"), (.infinity, "+Inf", "+Inf"),
        (2.5, "2.5", "2.5"),
        (-1.0, "-1.0", "-1"), (1e21, "1e+21", "1e+21"),
        (1_520_430_000.123, "1.520430000123e+09", "1520430000.123"),
    ])
    func asGoPrintsThem(_ value: Double, _ label: String, _ plain: String) {
        #expect(FloatFormat.openMetrics(value) == label)
        #expect(FloatFormat.plain(value) == plain)
    }
}

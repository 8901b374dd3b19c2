import Testing

@testable import Telemetry

@Suite("Selectors")
struct SelectorTests {
    @Test(arguments: [
        ("http_requests_total", "http_requests_total"), (" a { b = 'c' , } ", "a{b=\"c\"}"), ("a{}", "a"),
        ("a{code=~\"5..\"}", "a{code=~\"5..\"}"), ("a{b!=\"c\",d!~`e\\d`}", "a{b!=\"c\",d!~\"e\\\\d\"}"),
        ("{__name__=\"a\"}", "a"), ("{\"my.metric\",x=\"y\"}", "{\"my.metric\",x=\"y\"}"),
        ("a{\"my.l\"=\"x\"}", "a{\"my.l\"=\"x\"}"),
    ])
    func readsAndPrintsTheSame(_ text: String, _ printed: String) throws {
        let selector = try SeriesSelector(parsing: text)
        #expect(selector.description == printed)
        #expect(try SeriesSelector(parsing: printed) == selector)
    }

    @Test(arguments: [
        ("", 0, "the selector is empty"), ("{}", 0, "the selector names no metric"), ("a{b}", 3, "expected '='"),
        ("a{b=c}", 4, "expected a value in quotes"), ("a{b=\"c\"", 7, "expected ',' or '}'"),
        ("a b", 2, "expected a metric name"),
        ("a{b=\"c}", 4, "the quote is not closed"), ("a{b=~\"(\"}", 5, "the regular expression cannot be used"),
        ("a{b=~\"(?=x)\"}", 5, "the regular expression cannot be used: '(?=' (lookahead)"),
        ("a{b=~`(x)\\1`}", 5, "the regular expression cannot be used: '\\1' refers to a group"),
        ("5a", 0, "expected a metric"),
        ("a{b=\"\\d\"}", 5, "unknown escape"), ("rate(a[5m])", 4, "expected a metric name"),
    ])
    func errorsHaveAPlace(_ text: String, _ offset: Int, _ reason: String) {
        do {
            _ = try SeriesSelector(parsing: text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect(error.offset == offset, "\(text): \(error)")
            #expect(error.reason.hasPrefix(reason), "\(text): \(error)")
        }
    }

    @Test(arguments: [
        ("5..", "500", true), ("5..", "5000", false), ("5..", "x500", false), ("500|503", "503", true),
        ("500|503", "50", false),
        (".*", "", true), ("a.b", "a\nb", true), (".+", "", false), ("[45]\\d\\d", "404", true), ("", "", true),
        ("|a", "", true),
    ])
    func patternsAreAnchored(_ pattern: String, _ value: String, _ isMatch: Bool) throws {
        #expect(try LabelPattern(pattern).matches(value) == isMatch)
    }

    @Test func anAbsentLabelIsEmpty() throws {
        let match = try SelectorMatch(try SeriesSelector(parsing: "a{b=\"\",c!=\"x\",d=~\"|y\"}"))
        #expect(match.matches([]))
        #expect(!match.matches([.init(name: "b", value: "1")]))
    }

    @Test func nearestNamesAreWhatWasMeant() {
        let names = [
            "http_requests_total", "http_request_duration_seconds_bucket", "go_goroutines", "process_cpu_seconds_total",
        ]
        #expect(NearestNames.suggestions(for: "http_request_total", among: names, limit: 1) == ["http_requests_total"])
        #expect(NearestNames.suggestions(for: "zzz", among: names, limit: 3).isEmpty)
    }
}

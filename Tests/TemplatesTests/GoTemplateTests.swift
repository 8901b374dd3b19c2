import Foundation
import Testing

@testable import Templates

@Suite("Templates")
struct GoTemplateTests {
    // MARK: What promtool prints

    private struct Oracle: Decodable {
        let value: String
        let templates: [String]
        /// Null where promtool fails.
        let expanded: [String?]
    }

    /// 23 values in 11 templates, as promtool 2.42 expands them.
    @Test func valuesAreWrittenAsPrometheusWritesThem() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Oracle/promtool-2.42.json")
        let samples = try JSONDecoder().decode([Oracle].self, from: Data(contentsOf: file))
        #expect(samples.count == 23)
        for (index, sample) in samples.enumerated() {
            let value = try #require(GoNumber.parse(sample.value))
            let place = "\(index < 10 ? "0" : "")\(index)"
            let labels = TemplateValue.texts(["__name__": "m", "a": "x", "i": place])
            for (text, expected) in zip(sample.templates, sample.expanded) {
                let shown = try? GoTemplate(text).text(
                    .record(["Labels": labels, "Value": .number(value)]),
                    variables: [("$labels", labels), ("$value", .number(value))])
                #expect(shown == expected, "\(sample.value) in \(text)")
            }
        }
    }

    // MARK: The language

    static let data: TemplateValue = .record([
        "Status": .text("firing"), "Receiver": .text("chat"),
        "CommonLabels": .texts(["alertname": "CanaryErrors", "release": "checkout", "team": "payments <a>"]),
        "Alerts": .list([
            .record([
                "Status": .text("firing"), "Labels": .texts(["n": "1"]), "StartsAt": .time(wallMs: 1_700_000_000_123),
            ]),
            .record(["Status": .text("resolved"), "Labels": .texts(["n": "2"]), "StartsAt": .time(wallMs: 0)]),
        ]),
        "Count": .integer(3), "Share": .number(0.081), "Empty": .list([]),
    ])

    @Test(arguments: [
        ("plain", "plain"), ("a {{ .Status }} b", "a firing b"), ("{{- .Status -}}  x", "firingx"),
        ("x  {{- /* nothing */ -}}  y", "xy"), ("{{ `a\\n` }}{{ \"b\\n\" }}", "a\\nb\n"),
        ("{{ .Status | toUpper }}", "FIRING"), ("{{ toUpper .Status | printf \"%s!\" }}", "FIRING!"),
        ("{{ if eq .Status \"firing\" }}1{{ else if .Count }}2{{ else }}3{{ end }}", "1"),
        ("{{ if eq .Status \"x\" }}1{{ else if .Count }}2{{ else }}3{{ end }}", "2"),
        ("{{ if .Empty }}1{{ else }}3{{ end }}", "3"),
        ("{{ with .CommonLabels.team }}{{ . }}{{ else }}none{{ end }}", "payments <a>"),
        ("{{ with .CommonLabels.none }}{{ . }}{{ else }}none{{ end }}", "none"),
        ("{{ range .Alerts }}{{ .Labels.n }},{{ end }}", "1,2,"),
        ("{{ range $i, $a := .Alerts }}{{ $i }}={{ $a.Status }} {{ end }}", "0=firing 1=resolved "),
        ("{{ range .Empty }}x{{ else }}empty{{ end }}", "empty"),
        ("{{ range .Alerts }}{{ if eq .Status \"resolved\" }}{{ continue }}{{ end }}{{ .Labels.n }}{{ end }}", "1"),
        ("{{ range .Alerts }}{{ .Labels.n }}{{ break }}{{ end }}", "1"),
        (
            "{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }};{{ end }}",
            "alertname=CanaryErrors;release=checkout;team=payments <a>;"
        ),
        ("{{ (.CommonLabels.Remove (stringSlice \"team\" \"release\")).Names }}", "[alertname]"),
        ("{{ .CommonLabels.Values | join \"|\" }}", "CanaryErrors|checkout|payments <a>"),
        ("{{ len .Alerts.Firing }}{{ len .Alerts.Resolved }}", "11"),
        ("{{ $x := 1 }}{{ $x = 2 }}{{ $x }}", "2"), ("{{ $x := 1 }}{{ if true }}{{ $x := 5 }}{{ end }}{{ $x }}", "1"),
        ("{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" .Status }}", "<firing>"),
        ("{{ block \"b\" .Receiver }}[{{ . }}]{{ end }}", "[chat]"),
        ("{{ and .Count .Status }} {{ or .Empty .Status }} {{ not .Empty }}", "firing firing true"),
        ("{{ lt 1 2 }}{{ le 2 2.0 }}{{ ge 3 2 }}{{ ne \"a\" \"b\" }}{{ eq 1 2 1 }}", "truetruetruetruetrue"),
        ("{{ index .Alerts 0 | len }}", "!"), ("{{ index .CommonLabels \"team\" }}", "payments <a>"),
        ("{{ slice \"checkout\" 0 5 }}", "check"), ("{{ print 1 2 \"a\" \"b\" 3 }}", "1 2ab3"),
        ("{{ title \"hello big world\" }}", "Hello Big World"), ("{{ trimSpace \"  a \\n\" }}", "a"),
        (
            "{{ match \"^Canary\" .CommonLabels.alertname }}{{ match \"nary$\" \"Canary\" }}{{ match \"x\" \"abc\" }}",
            "truetruefalse"
        ),
        ("{{ reReplaceAll \"(\\\\w+)-v(\\\\d+)\" \"$2/${1}\" \"api-v12 web-v3\" }}", "12/api 3/web"),
        ("{{ reReplaceAll \"a*\" \"-\" \"baac\" }}", "-b-c-"), ("{{ reReplaceAll \"^a\" \"b\" \"aaa\" }}", "baa"),
        ("{{ reReplaceAll \"o\" \"$$0\" \"foo\" }}", "f$0$0"),
        ("{{ urlquery \"a b&c\" }} {{ html \"<a href='x'>\" }}", "a+b%26c &lt;a href=&#39;x&#39;&gt;"),
        ("{{ toJson .CommonLabels.team }}", "\"payments \\u003ca\\u003e\""), ("{{ safeHtml \"<b>\" }}", "<b>"),
        ("{{ (index .Alerts 0).StartsAt | date \"2006-01-02 15:04:05 Mon Jan _2 MST\" }}", "!"),
        (
            "{{ range .Alerts.Firing }}{{ .StartsAt | tz \"Europe/Zurich\" | date \"2 January 2006 15:04 -0700\" }}{{ end }}",
            "14 November 2023 23:13 +0100"
        ),
        ("{{ range .Alerts.Firing }}{{ .StartsAt }}{{ end }}", "2023-11-14 22:13:20.123 +0000 UTC"),
        ("{{ range .Alerts.Firing }}{{ since .StartsAt | humanizeDuration }}{{ end }}", "1m 39s"),
        (
            "{{ .Share | humanizePercentage }} {{ printf \"%5.1f|%-4d|%04d|%q|%t\" .Share .Count .Count \"a\" true }}",
            "8.1%   0.1|3   |0003|\"a\"|true"
        ),
        ("{{ printf \"%d\" \"x\" }}{{ printf \"%s\" }}", "%!d(string=x)%!s(MISSING)"),
        ("{{ parseDuration \"1h30m\" }}", "5400"), ("灰{{ \"度😀\" }}", "灰度😀"),
    ])
    func templatesAreFilledIn(_ template: String, _ expected: String) throws {
        let parsed = try GoTemplate(template)
        if expected == "!" {
            if template.contains("len") {
                #expect(throws: TemplateError.self) { try parsed.text(Self.data, nowWallMs: 1_700_000_100_000) }
            } else {
                #expect(try parsed.text(Self.data) == "2023-11-14 22:13:20 Tue Nov 14 UTC")
            }
            return
        }
        #expect(try parsed.text(Self.data, nowWallMs: 1_700_000_100_000) == expected)
    }

    // MARK: Errors have a place

    @Test(arguments: [
        ("a {{ .Status", 2, "no }}"), ("{{ if }}x{{ end }}", 3, "missing"), ("{{ if .Status }}x", 3, "no {{ end }}"),
        ("{{ end }}", 3, "without an action"), ("x{{ nosuch 1 }}", 4, "no function \"nosuch\""),
        ("{{ template \"x\" }}", 3, "no template \"x\""), ("{{ \"abc }}", 3, "closing quotation mark"),
        ("{{ (.Status }}", 3, "parenthesis"), ("{{ /* x }}", 0, "no */"), ("{{ 1x }}", 3, "not a number"),
        ("{{ \"\\z\" }}", 4, "not an escape"), ("{{ .A ; }}", 6, "unexpected"), ("{{ 1 2 }}", 5, "no arguments"),
    ])
    func whatCannotBeReadSaysWhere(_ template: String, _ offset: Int, _ reason: String) {
        #expect {
            _ = try GoTemplate(template)
        } throws: { error in
            guard let error = error as? TemplateError else { return false }
            return abs(error.offset - offset) <= 1 && error.reason.contains(reason)
        }
    }

    @Test(arguments: [
        ("{{ .Nosuch }}", "no .Nosuch"), ("{{ $x }}", "not declared"), ("{{ index .Alerts 7 }}", "out of range"),
        ("{{ toUpper .Count }}", "takes a text"), ("{{ toUpper }}", "takes 1 argument"),
        ("{{ match \"(\" \"a\" }}", "match:"), ("{{ range .Count }}{{ end }}", "list or a map"),
        ("{{ lt 1 \"a\" }}", "cannot compare"), ("{{ printf \"%9999d\" 1 }}", "too large"),
        ("{{ slice \"abc\" 2 9 }}", "out of range"), ("{{ .Status.X }}", "has no .X"),
        ("{{ tz \"Nowhere/None\" (index .Alerts 0).StartsAt }}", "no time zone"),
    ])
    func whatDoesNotFitSaysWhy(_ template: String, _ reason: String) {
        #expect {
            _ = try GoTemplate(template).text(Self.data)
        } throws: {
            "\($0)".contains(reason)
        }
    }

    // MARK: Bounds

    @Test(arguments: [
        "{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}",
        "{{ define \"a\" }}{{ range .Alerts }}{{ template \"a\" $ }}{{ end }}{{ end }}{{ template \"a\" . }}",
        "{{ define \"a\" }}xxxxxxxxxxxxxxxx{{ end }}{{ range .L }}{{ range $.L }}{{ template \"a\" }}{{ end }}{{ end }}",
    ])
    func aRunIsBounded(_ template: String) throws {
        let many = TemplateValue.record([
            "L": .list(Array(repeating: .integer(1), count: 1_000)),
            "Alerts": .list(Array(repeating: .integer(1), count: 100)),
        ])
        let parsed = try GoTemplate(template)
        #expect(throws: TemplateError.self) { try parsed.text(many) }
    }

    @Test func nestingAndSizeAreBounded() {
        let deep = String(repeating: "{{ if true }}", count: 200) + String(repeating: "{{ end }}", count: 200)
        let groups = "{{ " + String(repeating: "(", count: 5_000) + "1" + String(repeating: ")", count: 5_000) + " }}"
        let chain = "{{ if true }}" + String(repeating: "{{ else if true }}", count: 5_000) + "{{ end }}"
        for text in [deep, groups, chain, String(repeating: "x", count: 65_537)] {
            #expect(throws: TemplateError.self) { try GoTemplate(text) }
        }
    }

    /// A pattern on which a backtracking engine needs years.
    @Test func patternsTakeLinearTime() throws {
        let template = try GoTemplate("{{ match \"(a*)*b\" . }}{{ reReplaceAll \"(a*)*b\" \"x\" . }}")
        let long = String(repeating: "a", count: 4_000)
        #expect(try template.text(.text(long)) == "false" + long)
    }
}

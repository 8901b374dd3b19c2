import Foundation
import Support
import Testing

/// Random texts: bytes that need not be UTF-8, with many controls and some secrets among them.
private struct Noise {
    var dice: SeededGenerator

    mutating func number(below limit: Int) -> Int { Int(dice.next() % UInt64(limit)) }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in
            switch number(below: 4) {
            case 0: UInt8(number(below: 0x20))
            case 1: UInt8(0x80 + number(below: 0x80))
            default: UInt8(0x20 + number(below: 0x5F))
            }
        }
    }

    mutating func text(_ count: Int) -> String {
        var text = String(decoding: bytes(count), as: UTF8.self)
        let odd: [Unicode.Scalar] = ["\u{202E}", "\u{2066}", "\u{200F}", "\u{2028}", "\u{85}", "\u{9B}", "\u{FEFF}"]
        for _ in 0..<number(below: 4) { text.unicodeScalars.append(odd[number(below: odd.count)]) }
        return text
    }

    mutating func secret() -> String {
        let letters = Array(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/+=:&\"\\%äß".unicodeScalars)
        var secret = String.UnicodeScalarView()
        for _ in 0..<(12 + number(below: 40)) { secret.append(letters[number(below: letters.count)]) }
        return String(secret)
    }
}

private func steersTheTerminal(_ text: String) -> Bool {
    text.unicodeScalars.contains { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

@Suite("Foreign text")
struct ForeignTextTests {
    @Test(arguments: UInt64(1)...200)
    func nothingThatComesOutSteersATerminalOrALog(seed: UInt64) {
        var noise = Noise(dice: SeededGenerator(seed: seed))
        let text = noise.text(noise.number(below: 1_200))
        let line = ForeignText.line(text)
        #expect(!steersTheTerminal(line))
        #expect(line.unicodeScalars.count <= ForeignText.limit)
        #expect(ForeignText.line(line) == line)
        let escaped = ForeignText.escaped(text)
        #expect(!steersTheTerminal(escaped) && ForeignText.escaped(escaped) == escaped)
        let lines = ForeignText.escaped(text, keepingLines: true)
        #expect(!steersTheTerminal(lines.replacing("\n", with: "").replacing("\t", with: "")))
    }

    @Test(arguments: [
        ("plain text", "plain text"), ("a\nb", "a\\nb"), ("\u{1B}[2J", "\\u{1b}[2J"), ("a\tb\r", "a\\tb\\r"),
        ("Zürich 灰度", "Zürich 灰度"), ("\u{202E}abc", "\\u{202e}abc"),
    ])
    func looksLikeThis(text: String, shown: String) {
        #expect(ForeignText.line(text) == shown)
    }

    @Test func whatIsTooLongIsCutWithAMark() {
        #expect(ForeignText.line(String(repeating: "x", count: 600), limit: 10) == "xxxxxxxxx…")
        #expect(ForeignText.line(String(repeating: "x", count: 10), limit: 10) == "xxxxxxxxxx")
    }

    /// Whatever surrounds it, and in whichever form a peer echoes it.
    @Test(arguments: UInt64(1)...200)
    func noSecretComesOut(seed: UInt64) {
        var noise = Noise(dice: SeededGenerator(seed: seed))
        let secrets = (0..<(1 + noise.number(below: 5))).map { _ in noise.secret() }
        var masks = SecretMasks()
        for secret in secrets { masks.add(secret) }
        let echoed = secrets.map { noise.text(30) + $0 + noise.text(30) }.joined()
        let shown = masks.masked(echoed)
        for secret in secrets { #expect(!shown.contains(secret), "seed \(seed)") }
    }

    @Test(arguments: [
        ("Bearer hook-SECRET-token-1", "Bearer ***"),
        // Basic authentication of ann:hook-SECRET-token-1
        ("Basic YW5uOmhvb2stU0VDUkVULXRva2VuLTE=", "SECRET hidden"),
        ("x=hook-SECRET-token-1&y=2", "x=***&y=2"),
        ("nothing of it", "nothing of it"),
    ])
    func everySpellingIsMasked(text: String, shown: String) {
        var masks = SecretMasks()
        masks.add("hook-SECRET-token-1")
        let masked = masks.masked(text)
        if shown == "SECRET hidden" {
            #expect(masked.contains("***") && !masked.contains("stU0VDUkVULXRva2"))
        } else {
            #expect(masked == shown)
        }
    }

    /// As Go, .NET, PHP, Python and templates of HTML write it.
    @Test(arguments: [
        #"pa&ss+wo<rd>x/1"'"#, #"pa\u0026ss+wo\u003crd\u003ex/1\"'"#,
        #"pa\u0026ss\u002Bwo\u003Crd\u003Ex/1\u0022\u0027"#,
        #"pa&ss+wo<rd>x\/1\"'"#, "pa&amp;ss+wo&lt;rd&gt;x/1&quot;&#39;", "pa&#38;ss&#43;wo&#x3C;rd&#x3e;x/1&#34;&#x27;",
        "pa%26ss%2Bwo%3Crd%3Ex%2F1%22%27", "pa%26ss%2bwo%3crd%3ex%2f1%22%27", "70612673732b776f3c72643e782f312227",
        "70612673732B776F3C72643E782F312227", "cGEmc3Mrd288cmQ+eC8xIic=", "cGEmc3Mrd288cmQ-eC8xIic",
    ])
    func escapesOfEveryKindAreMasked(_ text: String) {
        var masks = SecretMasks()
        masks.add(#"pa&ss+wo<rd>x/1"'"#)
        #expect(masks.masked("{\"error\":\"\(text)\"}") == "{\"error\":\"***\"}")
    }

    @Test func charactersBeyondASCIIAreMaskedInJSON() {
        var masks = SecretMasks()
        masks.add("gr\u{FC}n \u{1F512}!")
        #expect(masks.masked(#"a gr\u00fcn \ud83d\udd12! b"#) == "a *** b")
        #expect(masks.masked("a gr%C3%BCn+%F0%9F%94%92%21 b") == "a *** b")
    }

    /// At each of the three places within a group of base64, and nothing of the secret is left.
    @Test(arguments: ["", "a", "ab", "abc", "user:"], ["", "z", "zz"])
    func ofBase64NothingIsLeft(_ before: String, _ after: String) {
        let secret = "s3cret-Value_0815"
        var masks = SecretMasks()
        masks.add(secret)
        let encoded = Data((before + secret + after).utf8).base64EncodedString()
        let shown = masks.masked("x=\(encoded)")
        // What is left can only be digits of the text around it.
        let most = 2 + (before.utf8.count * 8 + 5) / 6 + 3 + (after.utf8.count * 8 + 5) / 6 + 2
        #expect(shown.contains("***") && shown.utf8.count <= most, "\(shown)")
        if before.isEmpty, after.isEmpty { #expect(shown == "x=***") }
    }

    @Test func aSecretWithAnEscapeInItIsMaskedAsItIs() {
        var masks = SecretMasks()
        masks.add("a%25&amp;b%41")
        #expect(masks.masked("(a%25&amp;b%41)") == "(***)")
        #expect(masks.masked("(a%2525%26amp%3Bb%2541)") == "(***)")
    }

    @Test func theServerOfAnAddressIsNoSecret() {
        var masks = SecretMasks()
        masks.add("http://10.0.0.7:9093/hooks/abcdefghijklmnopq")
        for text in [
            "cannot connect to http://10.0.0.7:9412/api", "http://10.0.0.7:9093", "http://10.0.0.7:9093/metrics",
        ] {
            #expect(masks.masked(text, masksParts: true) == text)
        }
        #expect(masks.masked("http://10.0.0.7:9093/hooks/abcdefg", masksParts: true) == "http://10.0.0.7:9093***")
        #expect(masks.masked("to http://10.0.0.7:9093/hooks/abcdefghijklmnopq: no", masksParts: true) == "to ***: no")
    }

    @Test func aSecretThatWasCutIsMaskedToo() {
        var masks = SecretMasks()
        masks.add("hook-SECRET-token-1")
        #expect(masks.masked("it said hook-SEC", masksParts: true) == "it said ***")
        #expect(masks.masked("'hook-SECRET-to' is no number", masksParts: true) == "'***' is no number")
        #expect(masks.masked("a hook is a hook here", masksParts: true) == "a hook is a hook here")
    }

    @Test func ofAnAddressThePathIsMaskedToo() {
        var masks = SecretMasks()
        masks.add("https://hooks.slack.com/services/T0/B0/abcdefghijklmnopqrstuvwx")
        #expect(
            masks.masked("cannot connect to https://hooks.slack.com/services/T0/B0/abcdefghijklmnopqrstuvwx: no")
                == "cannot connect to ***: no")
        #expect(masks.masked("POST /services/T0/B0/abcdefghijklmnopqrstuvwx") == "POST ***")
        #expect(masks.masked("token abcdefghijklmnopqrstuvwx") == "token ***")
    }

    @Test func shortSecretsMaskNothing() {
        var masks = SecretMasks()
        masks.add("abc")
        #expect(masks.masked("abc abc") == "abc abc")
    }
}

import Support
import Testing

struct RedactionTests {
    @Test(arguments: [
        ("http://host:80/metrics", "http://host:80/metrics"),
        ("http://user:key@host/a?token=x", "http://host/a?token=***"),
        ("https://user@host/a/@b", "https://host/a/@b"),
        ("http://u:p@ss@host/", "http://host/"),
        ("http://u:p/ss@host/x", "http://host/x"),
        ("http://u:p?ss@host/x", "http://host/x"),
        ("u:p@host:80/x", "host:80/x"),
        ("http://[::1]:9090/a@b", "http://[::1]:9090/a@b"),
        ("http://h/a?x=1&y&&z=#frag", "http://h/a?x=***&***&&z=***"),
        ("http://h?token", "http://h?***"),
        ("http://h/#a?b=c", "http://h/"),
        ("http://u:p@\u{301}h/", "http://\u{301}h/"),
        ("http://h/\r\nforged", "http://h/?***"),
        ("", ""),
    ])
    func anAddressIsShownWithoutItsCredentials(text: String, shown: String) {
        #expect(Redaction.url(text).unicodeScalars.elementsEqual(shown.unicodeScalars), "\(Redaction.url(text))")
    }

    @Test(arguments: ["http://user:key@host/a?token=x&y", "u:p@h/?a=b#c", "http://h/\r\nx"])
    func redactingTwiceChangesNothing(text: String) {
        #expect(Redaction.url(Redaction.url(text)) == Redaction.url(text))
    }
}

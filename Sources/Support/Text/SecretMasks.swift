/// Takes secrets out of texts, in every form in which a peer may echo them.
public struct SecretMasks: Sendable {
    /// A shorter secret would mask parts of ordinary text.
    public static let shortestBytes = 4
    /// A cut secret is recognized by this many of its first bytes; at the end of a text fewer are enough.
    static let shortestPartBytes = 12

    private var known: Set<String> = []
    /// By their first byte.
    private var forms: [UInt8: [SecretForm]] = [:]

    public init() {}

    public var count: Int { known.count }

    public func contains(_ secret: String) -> Bool { known.contains(secret) }

    public mutating func add(_ secret: String) {
        guard known.insert(secret).inserted else { return }
        for form in SecretForm.all(of: secret) {
            guard let first = form.bytes.first, forms[first]?.contains(form) != true else { continue }
            forms[first, default: []].append(form)
        }
    }

    /// The text with `***` for each secret.
    ///
    /// - Parameter masksParts: masks the beginning of a secret too, for a text that may have been cut.
    public func masked(_ text: String, masksParts: Bool = false) -> String {
        guard !forms.isEmpty else { return text }
        let bytes = Array(text.utf8)
        var shown: [UInt8] = []
        var index = 0
        var hasMasked = false
        while index < bytes.count {
            if let match = match(bytes, at: index, masksParts: masksParts) {
                if match.sharesDigitBefore, let last = shown.last, Base64.isDigit(last) { shown.removeLast() }
                shown += Array(Redaction.mask.utf8)
                hasMasked = true
                index += match.length
            } else {
                shown.append(bytes[index])
                index += 1
            }
        }
        return hasMasked ? String(decoding: shown, as: UTF8.self) : text
    }

    /// The longest piece of a secret that begins here.
    private func match(_ bytes: [UInt8], at start: Int, masksParts: Bool) -> SecretForm.Match? {
        var longest: SecretForm.Match?
        func consider(_ candidates: [SecretForm]?) {
            for form in candidates ?? [] {
                guard let match = form.match(bytes, at: start, masksParts: masksParts),
                    match.length > longest?.length ?? 0
                else { continue }
                longest = match
            }
        }
        consider(forms[bytes[start]])
        // The first byte of the secret may be escaped.
        if let first = EscapedCharacter(bytes, at: start)?.bytes.first, first != bytes[start] { consider(forms[first]) }
        return longest
    }
}

/// Makes foreign text fit for a receipt or a problem: one line, bounded, no control characters.
enum ShownText {
    /// What a receipt's `detail` may hold.
    static let limit = 500

    static func line(_ text: String, limit: Int = ShownText.limit) -> String {
        var shown = ""
        var count = 0
        var isGap = false
        for scalar in text.unicodeScalars.prefix(4 * limit) {
            if scalar.properties.isWhitespace || isControl(scalar) {
                isGap = true
                continue
            }
            if isGap, count > 0 {
                shown.unicodeScalars.append(" ")
                count += 1
            }
            isGap = false
            guard count < limit - 1 else { return shown + "…" }
            shown.unicodeScalars.append(scalar)
            count += 1
        }
        return shown
    }

    /// Bytes that need not be text.
    static func line(_ bytes: [UInt8], limit: Int = ShownText.limit) -> String {
        line(String(decoding: bytes.prefix(4 * limit), as: UTF8.self), limit: limit)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

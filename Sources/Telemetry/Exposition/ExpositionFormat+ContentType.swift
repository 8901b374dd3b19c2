extension ExpositionFormat {
    /// Chooses the format as Prometheus 3 does: by media type alone, in any case, whatever the version says.
    ///
    /// - Parameter fallback: what to assume when the header is missing, unreadable or names another type.
    /// - Throws: ``ExpositionError`` without a usable type and without a fallback. Guessing is not an option: an error
    ///   web page must not be read as an exposition.
    public init(contentType: String?, fallback: ExpositionFormat?) throws(ExpositionError) {
        let media = ExpositionFormat.mediaType(contentType ?? "")
        switch media {
        case "text/plain": self = .prometheusText
        case "application/openmetrics-text": self = .openMetrics
        default:
            if let fallback {
                self = fallback
                return
            }
            throw ExpositionError(line: 0, reason: ExpositionFormat.complaint(media))
        }
    }

    private static func complaint(_ media: String) -> String {
        let known = "text/plain or application/openmetrics-text"
        let advice = "send \(known), or set `fallback_format` in the release's `scrape`"
        if media.isEmpty { return "it has no usable Content-Type; \(advice)" }
        if media == "application/vnd.google.protobuf" { return "the protobuf format is not supported; \(advice)" }
        return "its Content-Type is '\(ExpositionText.shown(media))', which is not a metrics format; \(advice)"
    }

    /// What is before the first `;`, in lower case.
    private static func mediaType(_ header: String) -> String {
        let value = header.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        return ExpositionText.trimmed(value).lowercased()
    }
}

/// Small text work on what scrape bodies and headers say.
enum ExpositionText {
    static func trimmed(_ text: some StringProtocol) -> String {
        var rest = text[...]
        while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        return String(rest)
    }

    /// Fit for a message: one line, nothing that a terminal could take for an order, at most 60 characters.
    static func shown(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(60) { result.append(isShowable(scalar) ? scalar : "?") }
        return String(result) + (text.unicodeScalars.count > 60 ? "..." : "")
    }

    /// Neither a control character nor one that changes the direction or the line, nor what was no text at all.
    private static func isShowable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate: false
        default: scalar != "\u{FFFD}"
        }
    }

    static func shown(_ bytes: some Collection<UInt8>) -> String {
        shown(String(decoding: Array(bytes.prefix(244)), as: UTF8.self))
    }
}

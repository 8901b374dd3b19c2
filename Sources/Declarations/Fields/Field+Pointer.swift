extension Field {
    /// RFC 6901: empty, or begins with a slash.
    package func pointer() -> String? {
        guard let text = text() else { return nil }
        guard text.isEmpty || text.hasPrefix("/") else {
            fail("\(label) must be a JSON pointer such as /weights/0, got \(Quote.value(text))")
            return nil
        }
        return text
    }
}

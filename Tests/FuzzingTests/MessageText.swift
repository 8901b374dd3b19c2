/// The form that a message must have.
enum MessageText {
    /// One line, of a readable length, with nothing that a terminal could take for a control sequence.
    static func flaw(in message: String) -> String? {
        if message.isEmpty { return "an empty message" }
        if message.unicodeScalars.count > 2_000 { return "a message of \(message.unicodeScalars.count) characters" }
        let isHarmless = message.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
        return isHarmless ? nil : "a message with control characters: \(message.debugDescription)"
    }
}

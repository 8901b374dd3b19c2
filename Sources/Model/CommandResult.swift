/// The answer to a command.
public enum CommandResult: Sendable, Equatable {
    /// Taken up; the text says what happens next, `incident` which one to follow.
    case accepted(text: String, incident: String?)
    /// No such release, a version that is not one of the pools', errors in the files.
    case refused(text: String)
    case notFound(text: String)
    /// Of a fleet: other members watch the release, which the text names.
    case watchedElsewhere(text: String)
}

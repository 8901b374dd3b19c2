public import Discovery

/// A source of targets: files, an HTTP endpoint, a service registry.
///
/// What callers may rely on:
/// - The first answer comes without waiting for an interval.
/// - Each answer is whole, or `failed`; a source that watches gathers its objects and answers with all of them.
/// - A source that was read again without a change answers again: that it still can be read is news as well.
/// - No text that comes out holds a secret.
public protocol TargetSource: Sendable {
    /// For messages and metrics: `file targets/checkout-*.json`. One line without secrets.
    var name: String { get }
    /// How often the source is read at the least, milliseconds.
    var refreshMs: Int64 { get }

    /// Reads the source again and again, and reports each answer, until the task is cancelled. Waits through the clock
    /// that it was made with, and never longer than ``refreshMs`` and one call between two answers.
    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async
}

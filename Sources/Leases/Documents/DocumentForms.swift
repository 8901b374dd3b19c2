/// In which form the leader writes its documents, and which it must not write, while replicas of two versions watch the same
/// releases.
///
///     form 1   entries, token, `through`, ordinal
///     form 2   the same, how far the present step is, and the count of alerts
///
/// A replica says in its status which form it reads. The leader writes what all of them read. A document in a form that this
/// replica does not read is left as it is: what it says is not known here, so nothing of its release goes up.
package struct DocumentForms: Sendable, Equatable {
    /// The newest one that this version reads and writes.
    package static let newest = 2

    /// What this replica reads.
    private let own: Int
    /// What all replicas read.
    package private(set) var written: Int
    /// The highest one that some replica reads.
    private var highest: Int
    private var unreadable: Set<String> = []

    package init(own: Int = DocumentForms.newest) { (self.own, written, highest) = (own, own, own) }

    /// The statuses of all replicas that are there; one that does not say reads the first form.
    ///
    /// - Returns: whether documents have to be written again, in another form.
    package mutating func take(statuses: [[UInt8]]) -> Bool {
        let forms = statuses.map { ReplicaStatus($0)?.reads ?? 1 } + [own]
        let before = written
        (written, highest) = (forms.min() ?? own, forms.max() ?? own)
        return written != before
    }

    /// A document of a release has come.
    ///
    /// - Parameter isRead: this replica knows what it says.
    package mutating func note(_ path: String, _ bytes: [UInt8], isRead: Bool) {
        if !isRead, HandoverText.isOfAnotherVersion(bytes) { unreadable.insert(path) } else { unreadable.remove(path) }
    }

    /// Whether this replica's knowledge may take the place of what is there.
    package func mayWrite(_ path: String) -> Bool { !unreadable.contains(path) }

    /// A replica that reads more leads, where there is one.
    package var mayLead: Bool { unreadable.isEmpty || highest <= own }
}

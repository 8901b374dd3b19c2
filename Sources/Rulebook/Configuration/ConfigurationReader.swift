import ReleaseKernel

/// Reads a configuration from its root.
struct ConfigurationReader {
    let folder: ConfigurationFolder
    let library: RuleLibrary
    let log: MistakeLog
    let listenReader: ListenReader

    /// Usable only when nothing has been told as an error.
    func plan(_ document: Document) -> Plan? {
        let root = Field(label: "a configuration", value: document.root, log: log)
        if let groups = document.root.member("groups") {
            log.error(groups.namePlace, "'groups' belongs into a rule file; name that file under 'rules' of a release")
            return nil
        }
        let names = ["state", "listen", "journal", "receivers", "releases"]
        guard let fields = root.fields(of: "the configuration", names) else { return nil }
        var daemon = DaemonPlan(stateDirectory: folder.path(fields.required("state")?.line() ?? ""))
        daemon.listen.allowsLoopbackChanges = listenReader.allowsLoopbackChanges
        if let listen = fields["listen"] {
            daemon.listen = listenReader.listen(listen) ?? daemon.listen
        }
        if let journal = fields["journal"] { readJournal(journal, into: &daemon.journal) }
        let receivers = fields["receivers"].map { ReceiverReader(folder: folder).receivers($0) } ?? []
        let releases = fields.required("releases").map(self.releases) ?? []
        return Plan(daemon: daemon, receivers: receivers, releases: releases)
    }

    private func readJournal(_ field: Field, into journal: inout JournalPlan) {
        guard let fields = field.fields(of: "'journal'", ["grace", "retention", "prune_every"]) else { return }
        journal.graceMs = fields["grace"]?.durationMs(Amounts.orZero) ?? journal.graceMs
        journal.retentionMs = fields["retention"]?.durationMs() ?? journal.retentionMs
        journal.pruneEveryMs = fields["prune_every"]?.durationMs(1_000...86_400_000) ?? journal.pruneEveryMs
    }

    private func releases(_ field: Field) -> [ReleasePlan] {
        guard let entries = field.entries(of: "releases") else { return [] }
        if entries.isEmpty { field.fail("'releases' is empty; there is nothing to watch") }
        var names = UniqueNames(what: "release")
        return entries.compactMap { entry in
            ReleaseReader(folder: folder, library: library).release(entry, names: &names)
        }
    }
}

/// Names that may be used once: of releases, of receivers.
struct UniqueNames {
    let what: String
    private var lines: [String: Int] = [:]

    init(what: String) { self.what = what }

    /// The name, told when it is taken or none.
    mutating func take(_ field: Field?) -> String? {
        guard let field, let name = field.line() else { return nil }
        guard NameRules.isIdentifier(name) else {
            field.fail(
                "\(Quote.value(name)) cannot name a \(what); use up to 63 letters, digits, '-', '_' and '.', beginning "
                    + "with a letter or digit")
            return nil
        }
        if let line = lines[name] {
            field.fail("\(what) \(Quote.name(name)) is already in line \(line); names are unique")
            return nil
        }
        lines[name] = field.place.line
        return name
    }
}

import Foundation
import Model
import Ports
import SourceCalls
import Synchronization

/// Sessions, leads and documents in tables of PostgreSQL. What lasts is decided by the server's clock alone, and every write that
/// depends on the lead compares it in its own transaction. Nothing rests on a connection: advisory locks of sessions are lost or kept
/// wrongly behind a pooler.
///
/// Two connections: a large document does not keep the session from being renewed.
///
/// Sources: PostgreSQL's documentation, "Explicit Locking", "Transaction Isolation", "Multiple Statements in a Simple Query";
/// PgBouncer's, "SQL feature map for pooling modes".
final class PostgresLeaseStore: LeaseStore {
    private static let partLimit = 500

    let label: String
    private let plan: PostgresLeasePlan
    private let setup: CallSetup
    private let timeoutMs: Int64
    private let statements: PostgresStatements
    private let sessions: PostgresLink
    private let documents: PostgresLink
    /// Of the server that the last complete view is of.
    private let incarnation = Mutex<String?>(nil)

    /// - Parameter library: path of libpq; nil for the one of the host.
    init(plan: PostgresLeasePlan, label: String, setup: CallSetup, timeoutMs: Int64, library: String? = nil) {
        self.plan = plan
        self.label = label
        self.setup = setup
        self.timeoutMs = timeoutMs
        statements = PostgresStatements(
            tables: PostgresTables(schema: plan.schema, prefix: plan.prefix), timeoutMs: timeoutMs)
        sessions = PostgresLink(library: library ?? PostgresLibrary.path)
        documents = PostgresLink(library: library ?? PostgresLibrary.path)
    }

    // MARK: Sessions

    func open(name: String, status: [UInt8], ttlMs: Int64) async throws(SourceError) -> LeaseSession {
        let id = UUID().uuidString.lowercased()
        let sets = try await ask(sessions, statements.open(id: id, replica: name, status: status, ttlMs: ttlMs))
        try checkVersion(sets.first?.first?.first ?? nil)
        return LeaseSession(id: id, name: name)
    }

    func renew(_ session: LeaseSession, status: [UInt8]) async throws(SourceError) -> Bool {
        let sets = try await ask(sessions, statements.renew(id: session.id, status: status))
        return sets.first?.isEmpty == false
    }

    /// Both connections end: a daemon that ends leaves none behind.
    func close(_ session: LeaseSession) async {
        _ = try? await ask(sessions, statements.close(id: session.id))
        await sessions.close()
        await documents.close()
    }

    func lead(_ scope: String, _ session: LeaseSession) async throws(SourceError) -> UInt64? {
        let sets = try await ask(sessions, statements.lead(scope, id: session.id, replica: session.name))
        guard sets.count == 2 else { throw unexpected }
        return sets[1].first?.first?.flatMap { UInt64($0) }
    }

    func drop(_ hold: LeaseHold) async throws(SourceError) { _ = try await ask(sessions, statements.drop(hold)) }

    // MARK: Documents

    /// A server that was restored from a backup, or another one, may lack what was read before: all is read again. Its incarnation is
    /// remembered with a complete view alone: after a view that failed, the documents before the cursor have not been read from it.
    func view(after cursor: UInt64?) async throws(SourceError) -> LeaseView {
        var known = cursor == nil ? nil : incarnation.withLock { $0 }
        var view = LeaseView(cursor: cursor ?? 0)
        for _ in 0..<Self.partLimit {
            let part = try PostgresPart(try await ask(sessions, statements.view(after: view.cursor)))
            try checkVersion(part.version)
            guard known == nil || known == part.incarnation, part.written >= view.cursor else {
                (known, view) = (nil, LeaseView(cursor: 0))
                continue
            }
            known = part.incarnation
            (view.leaders, view.statuses) = (part.leaders, part.statuses)
            view.documents += part.documents
            guard part.isFull else {
                view.cursor = part.written
                incarnation.withLock { $0 = part.incarnation }
                return view
            }
            view.cursor = part.lastDocument
        }
        throw SourceError("there are more documents than can be read")
    }

    func write(_ path: String, _ bytes: [UInt8], leading hold: LeaseHold?) async throws(SourceError) -> Bool {
        let sets = try await ask(documents, statements.write(path, bytes, leading: hold))
        guard sets.count == 2 else { throw unexpected }
        return !sets[1].isEmpty
    }

    func remove(_ paths: [String]) async throws(SourceError) {
        guard !paths.isEmpty else { return }
        _ = try await ask(documents, statements.remove(paths))
    }

    // MARK: Calls

    private var unexpected: SourceError {
        SourceError("\(statements.tables.state) has no row: make the tables again as docs/replicas.md has it")
    }

    private func checkVersion(_ version: String?) throws(SourceError) {
        guard let version, let number = Int(version) else { throw unexpected }
        guard number <= PostgresTables.version else {
            throw SourceError("\(statements.tables.state) is of a newer version (\(number)) of Rollguard than this one")
        }
    }

    /// Tables that are absent are made, if the user may.
    private func ask(_ link: PostgresLink, _ text: String) async throws(SourceError) -> PostgresSets {
        let servers = try servers()
        switch await link.run(text, at: servers, timeoutMs: timeoutMs) {
        case .success(let sets): return sets
        case .failure(let trouble) where trouble.state == PostgresTrouble.State.undefinedTable:
            let made = await link.run(statements.tables.creation, at: servers, timeoutMs: timeoutMs)
            if case .failure(let reason) = made { throw cannotMake(reason) }
            return try await link.run(text, at: servers, timeoutMs: timeoutMs).mapError(\.sourceError).get()
        case .failure(let trouble): throw trouble.sourceError
        }
    }

    private func cannotMake(_ trouble: PostgresTrouble) -> SourceError {
        SourceError(
            "the tables \(plan.schema).\(plan.prefix)… are absent and cannot be made: \(trouble.sourceError.reason); make them as "
                + "docs/replicas.md has it")
    }

    private func servers() throws(SourceError) -> [PostgresSettings] {
        var password: String?
        if let reference = plan.password {
            do throws(SecretError) { password = try setup.secrets.secret(reference) } catch {
                throw SourceError(error.description)
            }
        }
        return PostgresServers.settings(plan, password: password)
    }
}

/// What one reading of the tables gave.
struct PostgresPart {
    let version: String?
    let written: UInt64
    let incarnation: String
    var leaders: [LeaseView.Leader] = []
    var statuses: [LeaseView.Document] = []
    var documents: [LeaseView.Document] = []
    /// Number of the last document.
    private(set) var lastDocument: UInt64 = 0
    /// There may be more documents.
    private(set) var isFull = false

    init(_ sets: PostgresSets) throws(SourceError) {
        guard sets.count == 4, let numbers = sets[0].first, numbers.count == 3,
            let written = numbers[1].flatMap({ UInt64($0) }), let incarnation = numbers[2]
        else { throw SourceError("the tables have no row of numbers") }
        (version, self.written, self.incarnation) = (numbers[0], written, incarnation)
        for row in sets[1] { try take(lead: row) }
        leaders.sort { $0.scope < $1.scope }
        for row in sets[2] {
            guard row.count == 2, let name = row[0] else { throw SourceError("a session cannot be read") }
            statuses.append(.init(path: name, bytes: PostgresLiteral.bytes(row[1]) ?? []))
        }
        var size = 0
        for row in sets[3] {
            guard row.count == 3, let path = row[0], let number = row[1].flatMap({ UInt64($0) }),
                let bytes = PostgresLiteral.bytes(row[2])
            else { throw SourceError("a document cannot be read") }
            documents.append(.init(path: path, bytes: bytes))
            (lastDocument, size) = (number, size + bytes.count)
        }
        isFull = documents.count == PostgresStatements.partRows || size >= PostgresStatements.partBytes
    }

    private mutating func take(lead row: [String?]) throws(SourceError) {
        guard row.count == 4, let scope = row[0], let name = row[1], let session = row[2],
            let token = row[3].flatMap({ UInt64($0) })
        else { throw SourceError("a lead cannot be read") }
        leaders.append(.init(scope: scope, name: name, session: session, token: token))
    }
}

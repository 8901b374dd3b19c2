import Foundation

/// What the store says to the server, each as one message: the server carries it out to its end even if the client dies, so no
/// replica that is stopped holds a lock.
///
/// What takes a lead or writes a document locks the one row of `state` first. So such changes follow one another, and numbers are
/// committed in the order in which they are given out: a reader that sees number 7 has all documents up to it. Times are those of the
/// server's clock as the statement is carried out (`clock_timestamp()`), and those of no other clock.
struct PostgresStatements: Sendable {
    /// Of one part of the documents.
    static let partRows = 200
    static let partBytes = 4 << 20
    /// A session that ended so long ago is removed.
    private static let keptSessions = "interval '1 day'"

    let tables: PostgresTables
    /// After this time the server gives up, too.
    let timeoutMs: Int64

    /// With the settings that other users of a pooled connection may have left behind.
    private func transaction(_ statements: [String]) -> String {
        ([
            "begin isolation level read committed read write", "set local synchronous_commit to on",
            "set local statement_timeout to \(timeoutMs)", "set local lock_timeout to \(timeoutMs)",
        ] + statements + ["commit"]).joined(separator: ";\n")
    }

    /// The row with the numbers, which the transaction has alone from now on; its answer is that row's version.
    private var lock: String { "select version from \(tables.state) where id = 1 for update" }

    /// The answer is the version of the tables.
    func open(id: String, replica: String, status: [UInt8], ttlMs: Int64) -> String {
        let end = "clock_timestamp() + \(PostgresLiteral.interval(ms: ttlMs))"
        return transaction([
            "select version from \(tables.state) where id = 1",
            "delete from \(tables.sessions) where ends < clock_timestamp() - \(Self.keptSessions)",
            """
            insert into \(tables.sessions) (id, replica, status, ttl_ms, ends)
            values (\(PostgresLiteral.text(id)), \(PostgresLiteral.text(replica)), \(PostgresLiteral.bytes(status)), \(ttlMs), \(end))
            on conflict (id) do update set status = excluded.status, ends = excluded.ends
            """,
        ])
    }

    /// The answer has a row while the session lasts.
    func renew(id: String, status: [UInt8]) -> String {
        transaction([
            """
            update \(tables.sessions)
            set status = \(PostgresLiteral.bytes(status)), ends = clock_timestamp() + interval '1 millisecond' * ttl_ms
            where id = \(PostgresLiteral.text(id)) and ends > clock_timestamp() returning id
            """
        ])
    }

    func close(id: String) -> String {
        transaction(["delete from \(tables.sessions) where id = \(PostgresLiteral.text(id))"])
    }

    /// The second set of the answer is the token of the session's lead; it is empty when another one has the lead, or when this
    /// session has ended.
    ///
    /// A session that has ended is deleted before its lead is taken, so that it cannot be renewed any more. One that ends later than it
    /// could have been made to is one of a clock that was put back, and is given its own time from now on.
    func lead(_ scope: String, id: String, replica: String) -> String {
        let (scope, id) = (PostgresLiteral.text(scope), PostgresLiteral.text(id))
        let end = "clock_timestamp() + interval '1 millisecond' * ttl_ms"
        return transaction([
            lock, "update \(tables.sessions) set ends = \(end) where ends > \(end)",
            """
            delete from \(tables.sessions) held using \(tables.leads) lead
            where lead.scope = \(scope) and held.id = lead.session and held.ends <= clock_timestamp()
            """,
            """
            insert into \(tables.leads) as lead (scope, session, replica, token)
            select \(scope), \(id), \(PostgresLiteral.text(replica)), state.token + 1 from \(tables.state) state
            where exists (select from \(tables.sessions) own where own.id = \(id) and own.ends > clock_timestamp())
            on conflict (scope) do update set session = excluded.session, replica = excluded.replica, token = excluded.token
            where not exists (select from \(tables.sessions) held where held.id = lead.session)
            """,
            "update \(tables.state) set token = greatest(token, (select coalesce(max(token), 0) from \(tables.leads)))",
            """
            select lead.token from \(tables.leads) lead join \(tables.sessions) own on own.id = lead.session
            where lead.scope = \(scope) and lead.session = \(id) and own.ends > clock_timestamp()
            """,
        ])
    }

    func drop(_ hold: LeaseHold) -> String {
        transaction([
            lock,
            """
            delete from \(tables.leads) where scope = \(PostgresLiteral.text(hold.scope))
            and session = \(PostgresLiteral.text(hold.session.id)) and token = \(hold.token)
            """,
        ])
    }

    /// The second set of the answer has a row when the document was written.
    func write(_ path: String, _ bytes: [UInt8], leading hold: LeaseHold?) -> String {
        let condition = hold.map { hold in
            """
            exists (select from \(tables.leads) lead join \(tables.sessions) own on own.id = lead.session
              where lead.scope = \(PostgresLiteral.text(hold.scope)) and lead.session = \(PostgresLiteral.text(hold.session.id))
              and lead.token = \(hold.token) and own.ends > clock_timestamp())
            """
        }
        return transaction([
            lock,
            """
            with next as (update \(tables.state) set written = written + 1 where \(condition ?? "true") returning written)
            insert into \(tables.documents) (path, written, body)
            select \(PostgresLiteral.text(path)), next.written, \(PostgresLiteral.bytes(bytes)) from next
            on conflict (path) do update set written = excluded.written, body = excluded.body returning path
            """,
        ])
    }

    func remove(_ paths: [String]) -> String {
        let list = paths.map(PostgresLiteral.text).joined(separator: ", ")
        return transaction([lock, "delete from \(tables.documents) where path in (\(list))"])
    }

    /// Four sets, all of one moment: the numbers, the leads, the statuses, and the next documents after a number.
    ///
    /// The third value of the first set changes with each start of the server, with another server, and with other tables.
    func view(after cursor: UInt64) -> String {
        let incarnation =
            "pg_postmaster_start_time()::text || '/' || '\(tables.state)'::regclass::oid || '/' || pg_relation_filenode('\(tables.state)')"
        return [
            "begin isolation level repeatable read read only", "set local statement_timeout to \(timeoutMs)",
            "select version, written, \(incarnation) from \(tables.state) where id = 1",
            """
            select lead.scope, lead.replica, lead.session, lead.token
            from \(tables.leads) lead join \(tables.sessions) held on held.id = lead.session
            where held.ends > clock_timestamp() order by lead.scope
            """,
            """
            select distinct on (replica) replica, encode(status, 'base64') from \(tables.sessions)
            where ends > clock_timestamp() order by replica, ends desc
            """,
            """
            select path, written, encode(body, 'base64') from (
              select path, written, body, sum(octet_length(body)) over (order by written) - octet_length(body) as before
              from \(tables.documents) where written > \(cursor)) part
            where before < \(Self.partBytes) order by written limit \(Self.partRows)
            """,
            "commit",
        ].joined(separator: ";\n")
    }
}

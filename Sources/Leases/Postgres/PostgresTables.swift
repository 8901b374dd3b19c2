import Foundation

/// The tables, and literals in their statements.
struct PostgresTables: Sendable {
    /// Of what the tables hold; one that is higher belongs to a newer program.
    static let version = 1

    /// `public.rollguard_`, in front of a table's name.
    private let begin: String

    /// - Parameters: names of letters, digits and underscores.
    init(schema: String, prefix: String) { begin = "\"\(schema)\".\"\(prefix)" }

    var state: String { begin + "state\"" }
    var sessions: String { begin + "sessions\"" }
    var leads: String { begin + "leads\"" }
    var documents: String { begin + "documents\"" }

    /// Replicas that begin at the same time make the tables once: the lock is one of the transaction. As in docs/replicas.md.
    var creation: String {
        """
        begin;
        select pg_advisory_xact_lock(7271837465);
        create table if not exists \(state) (
          id integer primary key check (id = 1), version integer not null, written bigint not null, token bigint not null);
        create table if not exists \(sessions) (
          id text primary key, replica text not null, status bytea not null, ttl_ms bigint not null,
          ends timestamptz not null);
        create table if not exists \(leads) (
          scope text primary key, session text not null, replica text not null, token bigint not null);
        create table if not exists \(documents) (
          path text primary key, written bigint not null unique, body bytea not null);
        insert into \(state) (id, version, written, token) values (1, \(PostgresTables.version), 0, 0) on conflict do nothing;
        commit;
        """
    }
}

/// Values in statements. One message of several statements takes no parameters.
enum PostgresLiteral {
    /// The same whatever `standard_conforming_strings` is. Source: PostgreSQL's documentation, "String Constants with C-Style
    /// Escapes".
    static func text(_ text: String) -> String {
        "E'" + text.replacing("\\", with: "\\\\").replacing("'", with: "''").replacing("\0", with: "") + "'"
    }

    static func bytes(_ bytes: [UInt8]) -> String { "decode('\(Data(bytes).base64EncodedString())', 'base64')" }

    static func interval(ms: Int64) -> String { "interval '1 millisecond' * \(ms)" }

    /// Of a column that was encoded as base64, whose lines PostgreSQL breaks.
    static func bytes(_ base64: String?) -> [UInt8]? {
        base64.flatMap { Data(base64Encoded: $0, options: .ignoreUnknownCharacters) }.map(Array.init)
    }
}

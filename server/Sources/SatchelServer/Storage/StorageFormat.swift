import GRDB

/// The tables of the store that do not depend on the organisation's schema, and how a file is known to be one of ours.
///
/// Numbers of 64 bits (epochs, replica ids) are kept as the signed integer of the same bits. Times are milliseconds since
/// 1970 with the logical part beside. `clock` is a hybrid clock's reading, `began` and `ended` are log positions: a fact
/// holds from the one on and no longer at the other.
enum StorageFormat {
    /// "SatS", in SQLite's `application_id`.
    static let application: Int32 = 0x5361_7453
    /// In SQLite's `user_version`. A later version appends the statements that lead from each earlier one.
    static let version: Int32 = 1

    static let tables = [
        "applied", "chain_beginning", "enrolment_code", "epoch", "governance_change", "governance_grant", "governance_policy",
        "governance_schema",
        "governance_territory", "governance_user", "kin", "log", "log_head", "membership", "meta", "refusal", "replica", "root",
        "root_row", "scheduled_grant", "scope", "secret",
    ]

    static func create(_ db: Database) throws {
        try db.execute(sql: statements)
    }

    private static let statements = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

        -- The log: one entry a position, without a gap. kind 1: a transaction as received; kind 2: a change of the rules.
        CREATE TABLE log (
            position INTEGER PRIMARY KEY,
            replica INTEGER,
            counter INTEGER,
            user TEXT NOT NULL,
            received INTEGER NOT NULL,
            time INTEGER NOT NULL,
            time_logical INTEGER NOT NULL,
            clock INTEGER NOT NULL,
            clock_logical INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            payload BLOB NOT NULL,
            verdict BLOB,
            running_hash BLOB,
            hash BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX log_by_dot ON log (replica, counter);

        CREATE TABLE log_head (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            epoch INTEGER NOT NULL,
            position INTEGER NOT NULL,
            hash BLOB NOT NULL,
            clock INTEGER NOT NULL,
            clock_logical INTEGER NOT NULL,
            next_root INTEGER NOT NULL
        ) STRICT;

        -- fork: where the epoch was left; NULL in the current one.
        CREATE TABLE epoch (epoch INTEGER PRIMARY KEY, began INTEGER NOT NULL, fork INTEGER) STRICT;

        CREATE TABLE applied (
            replica INTEGER PRIMARY KEY,
            counter INTEGER NOT NULL,
            running_hash BLOB NOT NULL,
            time INTEGER NOT NULL,
            time_logical INTEGER NOT NULL
        ) STRICT;

        -- Where the chain of a file's new identity goes on, and how far it is the same as other identities' chains.
        CREATE TABLE chain_beginning (replica INTEGER PRIMARY KEY, counter INTEGER NOT NULL, running_hash BLOB NOT NULL) STRICT;
        CREATE TABLE kin (
            replica INTEGER NOT NULL, other INTEGER NOT NULL, through INTEGER NOT NULL, PRIMARY KEY (replica, other)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX kin_by_other ON kin (other, replica);

        -- Roots, their memberships in scopes, and for each root its rows by their last change.
        CREATE TABLE root (number INTEGER PRIMARY KEY, row INTEGER NOT NULL) STRICT;
        CREATE TABLE scope (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE membership (
            root INTEGER NOT NULL,
            scope INTEGER NOT NULL,
            began INTEGER NOT NULL,
            ended INTEGER,
            last_change INTEGER NOT NULL,
            PRIMARY KEY (root, scope, began)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX membership_by_change ON membership (scope, last_change, root);
        CREATE TABLE root_row (
            root INTEGER NOT NULL,
            position INTEGER NOT NULL,
            row INTEGER NOT NULL,
            PRIMARY KEY (root, position, row)
        ) STRICT, WITHOUT ROWID;

        -- state 1 outstanding, 2 discarded, 3 retried.
        CREATE TABLE refusal (
            replica INTEGER NOT NULL,
            counter INTEGER NOT NULL,
            number INTEGER NOT NULL,
            position INTEGER NOT NULL,
            user TEXT NOT NULL,
            time INTEGER NOT NULL,
            time_logical INTEGER NOT NULL,
            "table" TEXT NOT NULL,
            row TEXT NOT NULL,
            operation INTEGER NOT NULL,
            seen INTEGER NOT NULL,
            cells BLOB NOT NULL,
            field TEXT,
            code TEXT NOT NULL,
            reason TEXT NOT NULL,
            state INTEGER NOT NULL,
            PRIMARY KEY (replica, counter, number)
        ) STRICT;
        CREATE INDEX refusal_outstanding ON refusal (user, position, replica, counter, number) WHERE state = 1;

        -- The rules, as intervals of positions.
        CREATE TABLE governance_change (position INTEGER PRIMARY KEY) STRICT;
        CREATE TABLE governance_schema (began INTEGER PRIMARY KEY, schema BLOB NOT NULL) STRICT;
        CREATE TABLE governance_policy (began INTEGER PRIMARY KEY, policy BLOB NOT NULL) STRICT;
        CREATE TABLE governance_territory (
            id TEXT NOT NULL, name TEXT NOT NULL, parent TEXT, began INTEGER NOT NULL, ended INTEGER, PRIMARY KEY (id, began)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE governance_user (
            id TEXT NOT NULL, name TEXT NOT NULL, disabled INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER,
            PRIMARY KEY (id, began)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE governance_grant (
            user TEXT NOT NULL, role TEXT NOT NULL, scope TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER,
            PRIMARY KEY (user, role, scope, began)
        ) STRICT, WITHOUT ROWID;

        -- Grants that are to begin (begins = 1) or end at a moment, milliseconds since 1970; gone once they are log entries.
        CREATE TABLE scheduled_grant (
            user TEXT NOT NULL, role TEXT NOT NULL, scope TEXT NOT NULL, at INTEGER NOT NULL, begins INTEGER NOT NULL,
            PRIMARY KEY (user, role, scope, at, begins)
        ) STRICT, WITHOUT ROWID;

        -- Identity. A replica of the server's own has no key. Times in milliseconds since 1970.
        CREATE TABLE replica (
            id INTEGER PRIMARY KEY,
            user TEXT NOT NULL,
            public_key BLOB,
            device TEXT NOT NULL,
            enrolled INTEGER NOT NULL,
            revoked INTEGER,
            previous INTEGER
        ) STRICT;
        CREATE TABLE enrolment_code (hash BLOB PRIMARY KEY, user TEXT NOT NULL, expires INTEGER NOT NULL, used INTEGER)
            STRICT, WITHOUT ROWID;
        """
}

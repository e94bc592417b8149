-- The first schema of safer.db. Times are microseconds since 1970-01-01 UTC, flags are 0 or 1, a number of a
-- partnership is partnership.number. Plan data begins with the partnership in every key.

CREATE TABLE fact (
    name TEXT NOT NULL PRIMARY KEY, -- what the fact is about, such as "training.offset"
    value TEXT NOT NULL             -- what is so
) STRICT, WITHOUT ROWID;

CREATE TABLE partnership (
    number INTEGER NOT NULL PRIMARY KEY CHECK (number > 0), -- given in order
    name TEXT NOT NULL,                                     -- for people
    origin TEXT NOT NULL UNIQUE                             -- the journal's name in its signed heads
) STRICT;

CREATE TABLE counter (
    partnership INTEGER NOT NULL,           -- 0: counts for the whole store
    kind TEXT NOT NULL,                     -- what is counted: a kind of record, "account", "credential"
    last INTEGER NOT NULL CHECK (last > 0), -- the number that was given last; none is ever given twice
    PRIMARY KEY (partnership, kind)
) STRICT, WITHOUT ROWID;

-- The present revision of each record, clustered by kind, so that a list of a kind reads neighbours.
CREATE TABLE record (
    partnership INTEGER NOT NULL REFERENCES partnership (number),
    kind TEXT NOT NULL,                             -- name of the kind in the schema
    number INTEGER NOT NULL CHECK (number > 0),     -- the 12 of A12
    revision INTEGER NOT NULL CHECK (revision > 0), -- from 1, one more with each change
    entry INTEGER NOT NULL CHECK (entry >= 0),      -- the journal entry that made this revision
    at INTEGER NOT NULL,                            -- its time
    person INTEGER NOT NULL,                        -- number of the person who made it; 0: the server itself
    by_name TEXT NOT NULL,                          -- that person's name as it was
    post TEXT NOT NULL,                             -- in which post, as it was; '' none
    verb TEXT NOT NULL,                             -- create, edit, remove or a transition
    created_entry INTEGER NOT NULL,                 -- the journal entry that made revision 1
    created_at INTEGER NOT NULL,                    -- its time
    created_person INTEGER NOT NULL,                -- number of the person who made it
    created_by TEXT NOT NULL,                       -- that person's name as it was
    owner TEXT NOT NULL,                            -- the id in the field `owner`; '' none
    state TEXT NOT NULL,                            -- the field `state`; '' none
    title TEXT NOT NULL,                            -- the field that names the record, folded; '' none
    removed INTEGER NOT NULL CHECK (removed IN (0, 1)),
    body BLOB NOT NULL,                             -- MessagePack map of field to value
    group_revisions BLOB NOT NULL,                  -- MessagePack map of conflict group to the revision that last changed it
    PRIMARY KEY (partnership, kind, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_title ON record (partnership, kind, title) WHERE removed = 0 AND title <> '';

-- Every revision of each record, clustered by entry: history is only ever added at the end.
CREATE TABLE version (
    partnership INTEGER NOT NULL,
    entry INTEGER NOT NULL CHECK (entry >= 0),      -- the journal entry that made this revision
    place INTEGER NOT NULL CHECK (place >= 0),      -- which change of that entry it is, from 0
    kind TEXT NOT NULL,                             -- from here as in the table record
    number INTEGER NOT NULL CHECK (number > 0),
    revision INTEGER NOT NULL CHECK (revision > 0),
    at INTEGER NOT NULL,
    person INTEGER NOT NULL,
    by_name TEXT NOT NULL,
    post TEXT NOT NULL,
    verb TEXT NOT NULL,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    title TEXT NOT NULL,
    removed INTEGER NOT NULL CHECK (removed IN (0, 1)),
    body BLOB NOT NULL,
    group_revisions BLOB NOT NULL,
    salts BLOB NOT NULL,                            -- MessagePack map of field to salt, for the fields that were changed
    PRIMARY KEY (partnership, entry, place)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX version_revision ON version (partnership, kind, number, revision);

CREATE TABLE leaf (
    partnership INTEGER NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 0), -- place in the tree, from 0, without gaps
    at INTEGER NOT NULL,                         -- the entry's time
    what TEXT NOT NULL,                          -- change, sign-in, refusal, ...
    person INTEGER NOT NULL,                     -- number of the person; 0: the server itself
    leaf BLOB NOT NULL,                          -- the exact bytes that the tree was built over
    by_name TEXT,                                -- the person's name as it was; NULL: none
    by_salt BLOB,                                -- opens the leaf's commitment to it
    reason TEXT,                                 -- why, in the person's words; NULL: none
    reason_salt BLOB,                            -- opens the leaf's commitment to it
    PRIMARY KEY (partnership, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX leaf_at ON leaf (partnership, at);

-- The hash of each complete subtree of 2 leaves or more.
CREATE TABLE node (
    partnership INTEGER NOT NULL,
    level INTEGER NOT NULL CHECK (level > 0), -- covers 2^level leaves
    place INTEGER NOT NULL CHECK (place >= 0), -- counted along the level, from 0
    hash BLOB NOT NULL,                       -- SHA-256, as RFC 6962 section 2.1 has it
    PRIMARY KEY (partnership, level, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE head (
    partnership INTEGER NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL CHECK (size > 0), -- leaves that it covers: always all of them
    note TEXT NOT NULL                      -- the newest signed head, a C2SP tlog-checkpoint
) STRICT;

CREATE TABLE answer (
    account INTEGER NOT NULL, -- whose request it was
    request BLOB NOT NULL,    -- the id that the client gave it
    params BLOB NOT NULL,     -- SHA-256 of what was asked
    answer BLOB NOT NULL,     -- MessagePack: what was answered
    at INTEGER NOT NULL,      -- when
    PRIMARY KEY (account, request)
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    number INTEGER NOT NULL PRIMARY KEY,
    partnership INTEGER NOT NULL REFERENCES partnership (number),
    person INTEGER NOT NULL,     -- number of the person's record
    created_at INTEGER NOT NULL,
    UNIQUE (partnership, person)
) STRICT;

CREATE TABLE credential (
    number INTEGER NOT NULL PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (number),
    fingerprint BLOB NOT NULL UNIQUE, -- SHA-256 over the certificate's DER
    key BLOB NOT NULL,                -- SHA-256 over the public key's SubjectPublicKeyInfo
    device TEXT NOT NULL,             -- what the person calls the device
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,         -- first use; 0 never
    revoked_at INTEGER NOT NULL,      -- 0: not
    revoked_why TEXT NOT NULL,        -- '' when it was not
    replaces INTEGER NOT NULL,        -- the credential that ends when this one is first used; 0 none
    signed_in_day INTEGER NOT NULL    -- days since 1970-01-01 of the last sign-in entry; -2147483648 none
) STRICT;

CREATE INDEX credential_account ON credential (account);

CREATE TABLE invitation (
    id BLOB NOT NULL PRIMARY KEY,     -- 5 bytes, as the invitation itself has it
    partnership INTEGER NOT NULL REFERENCES partnership (number),
    person INTEGER NOT NULL,          -- number of the invited person's record
    secret_hash BLOB NOT NULL,        -- SHA-256 of the secret
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    created_by INTEGER NOT NULL,      -- number of the person; 0: the server's console
    tries INTEGER NOT NULL,           -- wrong secrets so far
    ended_at INTEGER NOT NULL,        -- used or withdrawn; 0: open
    credential INTEGER NOT NULL       -- what it was turned into; 0: nothing
) STRICT;

CREATE INDEX invitation_open ON invitation (partnership, created_at) WHERE ended_at = 0;

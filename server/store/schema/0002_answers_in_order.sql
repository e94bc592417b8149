-- Answers in the order of their requests' ids, which begin with the time: new ones lie side by side at the end, and a
-- group of changes writes few pages for them.

CREATE TABLE answer_in_order (
    request BLOB NOT NULL,    -- the id that the client gave it
    account INTEGER NOT NULL, -- whose request it was
    params BLOB NOT NULL,     -- SHA-256 of what was asked
    answer BLOB NOT NULL,     -- MessagePack: what was answered
    at INTEGER NOT NULL,      -- when
    PRIMARY KEY (request, account)
) STRICT, WITHOUT ROWID;

INSERT INTO answer_in_order (request, account, params, answer, at)
    SELECT request, account, params, answer, at FROM answer ORDER BY request, account;

DROP TABLE answer;

ALTER TABLE answer_in_order RENAME TO answer;

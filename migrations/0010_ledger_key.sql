-- The keys of imported entries, found by their first bytes: the entry itself has the whole key. They stand apart so that
-- an import may book first and put the keys in order afterwards, all at once: `keyed` says up to which entry of the
-- dealer they are here.

CREATE TABLE ledger_key (
  dealer_id {int} NOT NULL,
  key_head {blob} NOT NULL,
  seq {int} NOT NULL,
  PRIMARY KEY (dealer_id, key_head, seq)
) {rowless};

INSERT INTO ledger_key (dealer_id, key_head, seq)
SELECT dealer_id, substr(entry_key, 1, 5), seq FROM ledger_entry WHERE entry_key IS NOT NULL ORDER BY 1, 2, 3;

ALTER TABLE ledger_head ADD COLUMN keyed {int} NOT NULL DEFAULT 0;
UPDATE ledger_head SET keyed = head;

DROP INDEX ledger_entry_key;

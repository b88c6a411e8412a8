-- KPIs that the network has added to the catalogue.

CREATE TABLE own_kpi (
  kpi_id TEXT NOT NULL PRIMARY KEY,
  name_en TEXT NOT NULL,
  name_zh TEXT NOT NULL,
  formula TEXT NOT NULL,
  unit TEXT NOT NULL,
  better TEXT NOT NULL CHECK (better IN ('higher', 'lower', 'none')),
  meaning_en TEXT NOT NULL,
  meaning_zh TEXT NOT NULL,
  version {int} NOT NULL,
  created_at {int} NOT NULL,
  created_by TEXT NOT NULL,
  changed_at {int} NOT NULL,
  changed_by TEXT NOT NULL
) {strict};

-- Moves whenever an own KPI does, so that readers know when to look again; a KPI takes its version from here.
CREATE TABLE own_kpi_version (
  own_kpi_version_id {int} NOT NULL PRIMARY KEY CHECK (own_kpi_version_id = 1),
  version {int} NOT NULL
) {strict};
INSERT INTO own_kpi_version (own_kpi_version_id, version) VALUES (1, 0);

-- Readings are few among the entries, and are listed and compared by themselves.
CREATE INDEX ledger_entry_reading ON ledger_entry (dealer_id, event, day) WHERE substr(event, 1, 8) = 'reading.';

-- Work that only one of the servers of a database shall do at a time: who has it, and until when others keep away.
-- `term` counts how often it has changed hands. Instants are milliseconds UTC.

CREATE TABLE lease (
  name TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  held_until {int} NOT NULL,
  term {int} NOT NULL
) {strict};

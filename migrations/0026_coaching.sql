-- Somebody is to be coached: opened by what a figure of a period says of him, done once whoever leads him says so, or
-- withdrawn because the figure is not short any more. `cause` says which figure ('spot_check': profile accuracy); of
-- each cause there is one task for a person and a period.
CREATE TABLE coaching_task (
  dealer_id {int} NOT NULL,
  task_id {int} NOT NULL,
  cause TEXT NOT NULL,
  staff_id {int} NOT NULL,
  -- First and last day of what the figure is about.
  from_day {int} NOT NULL,
  until_day {int} NOT NULL,
  -- The figure, numerator and denominator, and the goal that it was short of, in thousandths.
  figure_num {int} NOT NULL,
  figure_den {int} NOT NULL,
  goal {int} NOT NULL,
  -- What was found, by code and how often ("name=1 phone=2"): of a spot check the fields that were false.
  findings TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'done', 'withdrawn')),
  due_day {int} NOT NULL,
  version {int} NOT NULL,
  opened_at {int} NOT NULL,
  closed_at {int},
  -- Nobody, where it was withdrawn.
  closed_by TEXT,
  -- What whoever closed it says of it, sealed.
  note {blob},
  PRIMARY KEY (dealer_id, task_id),
  FOREIGN KEY (dealer_id, staff_id) REFERENCES staff
) {strict};
CREATE UNIQUE INDEX coaching_task_cause ON coaching_task (dealer_id, cause, staff_id, from_day);
CREATE INDEX coaching_task_state ON coaching_task (dealer_id, state, due_day, task_id);

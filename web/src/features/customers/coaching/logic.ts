import type { Task } from "./data";

// What the lists of coaching tasks work out. Pure.

// The fields that were false, most often first.
export function findingsOf(task: Pick<Task, "findings">): [code: string, count: number][] {
  return Object.entries(task.findings).sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
}

export function isOverdue(task: Pick<Task, "state" | "due">, today: string): boolean {
  return task.state === "open" && task.due < today;
}

// The open ones, and when the first of them is due.
export function openOf(tasks: readonly Pick<Task, "state" | "due">[]): { count: number; due?: string } {
  const due = tasks.filter(({ state }) => state === "open").map((task) => task.due);
  return { count: due.length, due: due.sort()[0] };
}

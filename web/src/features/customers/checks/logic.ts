import type { Month, Verdict } from "./data";

// What the page of spot checks works out. Pure.

type Person = Month["people"][number];

export interface Standing {
  files: number;
  sample: number;
  drawn: number;
  checked: number;
  isTrue: number;
  isFalse: number;
  accuracy: number | null; // of the files that could be verified
}

export function standingOf(people: readonly Person[]): Standing {
  const sum = (of: (person: Person) => number) => people.reduce((total, person) => total + of(person), 0);
  const isTrue = sum((person) => person.true);
  const isFalse = sum((person) => person.false);
  return {
    files: sum((person) => person.files),
    sample: sum((person) => person.sample),
    drawn: sum((person) => person.drawn),
    checked: isTrue + isFalse + sum((person) => person.unverifiable),
    isTrue,
    isFalse,
    accuracy: isTrue + isFalse > 0 ? isTrue / (isTrue + isFalse) : null,
  };
}

// "2026-11" and the months before it, newest first.
export function monthsUntil(today: string, count: number): string[] {
  const [year = 0, month = 1] = today.split("-").map(Number);
  return Array.from({ length: count }, (_, back) => {
    const at = year * 12 + month - 1 - back;
    return `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, "0")}`;
  });
}

export const kVerdicts: readonly Verdict[] = ["true", "false", "unverifiable"];

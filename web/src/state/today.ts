import { useSyncExternalStore } from "react";
import { localToday, parseIso, type DayNumber } from "./period";

// The business day of the network, told by the server with the session; until then the device's.
let today: DayNumber | null = null;
const listeners = new Set<() => void>();

export function setToday(iso: string | undefined) {
  const day = iso ? parseIso(iso) : null;
  if (day === null || day === today) return;
  today = day;
  for (const listener of listeners) listener();
}
export function currentToday(): DayNumber {
  return today ?? localToday();
}
export function useToday(): DayNumber {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, currentToday);
}

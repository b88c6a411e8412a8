import { useSyncExternalStore } from "react";

// What one person has set for himself on this device: kept in localStorage, shown on <html> where styles need it.
// Keys are those of public/start.js.

export type Theme = "system" | "light" | "dark";
export type Density = "dense" | "comfortable";
export type DeltaColours = "default" | "red-up" | "green-up";

export interface Settings {
  theme: Theme;
  density: Density;
  deltaColours: DeltaColours;
  singleKeys: "on" | "off";
  language: "zh" | "en" | "";
  rail: "wide" | "narrow";
}

const kDefaults: Settings = {
  theme: "system",
  density: "dense",
  deltaColours: "default",
  singleKeys: "on",
  language: "",
  rail: "wide",
};
const kAllowed: { [K in keyof Settings]: readonly Settings[K][] } = {
  theme: ["system", "light", "dark"],
  density: ["dense", "comfortable"],
  deltaColours: ["default", "red-up", "green-up"],
  singleKeys: ["on", "off"],
  language: ["zh", "en", ""],
  rail: ["wide", "narrow"],
};

const listeners = new Set<() => void>();
const memory: Partial<Settings> = {};

// Private windows may refuse storage; then a setting lasts as long as the page.
function read<K extends keyof Settings>(key: K): Settings[K] {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(`dealpace.${key}`);
  } catch {
    // no storage
  }
  const value = (stored ?? memory[key] ?? kDefaults[key]) as Settings[K];
  return kAllowed[key].includes(value) ? value : kDefaults[key];
}

function apply() {
  const root = document.documentElement;
  root.dataset.theme = isDark() ? "dark" : "light";
  root.dataset.density = read("density");
  root.dataset.delta = read("deltaColours");
}

function systemDark(): MediaQueryList | null {
  return typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;
}

export function isDark(): boolean {
  const theme = read("theme");
  return theme === "dark" || (theme === "system" && (systemDark()?.matches ?? false));
}

function changed() {
  apply();
  for (const listener of listeners) listener();
}
systemDark()?.addEventListener("change", changed);
if (typeof window !== "undefined") {
  window.addEventListener("storage", (event) => {
    if (event.key?.startsWith("dealpace.")) changed();
  });
  apply();
}

export const settings = {
  get: read,
  set<K extends keyof Settings>(key: K, value: Settings[K]) {
    memory[key] = value;
    try {
      localStorage.setItem(`dealpace.${key}`, value);
    } catch {
      // no storage
    }
    changed();
  },
  subscribe(listener: () => void) {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};

export function useSetting<K extends keyof Settings>(key: K): [Settings[K], (value: Settings[K]) => void] {
  const value = useSyncExternalStore(settings.subscribe, () => read(key));
  return [value, (next) => settings.set(key, next)];
}

// "light" or "dark" as shown now: charts need it, since they are drawn with values, not with custom properties.
export function useShownTheme(): "light" | "dark" {
  return useSyncExternalStore(settings.subscribe, () => (isDark() ? "dark" : "light"));
}

// A value of a page that lasts on this device: the columns chosen in a table, for example.
export function remembered<T>(key: string, otherwise: T): T {
  try {
    const stored = localStorage.getItem(`dealpace.page.${key}`);
    return stored === null ? otherwise : (JSON.parse(stored) as T);
  } catch {
    return otherwise;
  }
}
export function remember(key: string, value: unknown) {
  try {
    localStorage.setItem(`dealpace.page.${key}`, JSON.stringify(value));
  } catch {
    // no storage
  }
}

import { useEffect, useRef } from "react";
import { useViewer } from "@/api";
import { useGo } from "@/state/page";
import { step } from "@/state/period";
import { settings } from "@/state/settings";
import { useView } from "@/state/view";
import { kPages } from "./pages";
import { mayOpen } from "@/state/page";

// The keyboard map. Single keys do nothing while somebody types or a dialog is open, and can be switched off.

export const kOpenScope = "dealpace:open-scope";

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
function overlaid(): boolean {
  return document.querySelector('[role="dialog"][data-state="open"], [role="menu"][data-state="open"], [role="listbox"][data-state="open"]') !== null;
}
// The letter of a key press, also where a Chinese input method or another layout is on.
function letterOf(event: KeyboardEvent): string {
  if (event.key === "?" || event.key === "？") return "?";
  if (/^Key[A-Z]$/.test(event.code)) return event.code.slice(3);
  if (event.code === "BracketLeft") return "[";
  if (event.code === "BracketRight") return "]";
  return event.key.toUpperCase();
}

export function useKeys({ onPalette, onShortcuts }: { onPalette: () => void; onShortcuts: () => void }) {
  const view = useView();
  const go = useGo();
  const viewer = useViewer();
  const latest = useRef({ view, go, viewer, onPalette, onShortcuts });
  useEffect(() => {
    latest.current = { view, go, viewer, onPalette, onShortcuts };
  });
  useEffect(() => {
    let wantsPage = 0;
    const onKey = (event: KeyboardEvent) => {
      const { view, go, viewer, onPalette, onShortcuts } = latest.current;
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        onPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target) || overlaid()) return;
      if (settings.get("singleKeys") === "off") return;
      const letter = letterOf(event);
      if (Date.now() - wantsPage < 1200) {
        wantsPage = 0;
        const page = kPages.find((page) => page.key?.toUpperCase() === letter && mayOpen(page, viewer));
        if (page) {
          event.preventDefault();
          go({ to: page.path });
          return;
        }
      }
      if (letter === "?") onShortcuts();
      else if (letter === "[") view.set({ period: step(view.period, -1) });
      else if (letter === "]") view.set({ period: step(view.period, 1) });
      else if (letter === "G") wantsPage = Date.now();
      else if (letter === "S") window.dispatchEvent(new Event(kOpenScope));
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

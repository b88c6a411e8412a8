// Whether somebody is at it. A page that refreshes itself must not keep a session open that nobody uses: requests made
// while nobody has touched anything for a while say so (client.ts), and the server does not count them as a use.

const kAwayMs = 60_000;
let touched = Date.now();

const touch = () => void (touched = Date.now());
if (typeof window !== "undefined") {
  for (const event of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"]) {
    window.addEventListener(event, touch, { capture: true, passive: true });
  }
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && touch());
}

export function isUnattended(): boolean {
  return Date.now() - touched > kAwayMs;
}

import { Tooltip as RadixTooltip } from "radix-ui";
import { cloneElement, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore, type FocusEvent, type PointerEvent, type ReactElement, type ReactNode, type TouchEvent } from "react";
import { classes } from "./hooks";
import styles from "./overlay.module.css";

// On hover and focus, and on a long press where there is no hover. Never the only place of something needed.
//
// There is one tip on the page, and it belongs to whoever was reached last: a page of two hundred figures has two
// hundred that can be asked and not two hundred tips that wait.

interface Tip {
  anchor: HTMLElement;
  content: ReactNode;
  side: "top" | "bottom" | "left" | "right";
  rich: boolean;
}

const kDelayMs = { plain: 500, rich: 250 };
const kLeaveMs = 120; // the way from the anchor to the tip
const kNextMs = 200; // after one tip has gone the next comes without delay
const kPressMs = 450;
const kPressedMs = 2500;

let shown: Tip | null = null;
let goneAt = -Infinity;
let timer: ReturnType<typeof setTimeout> | undefined;
let pressed = false;
const listeners = new Set<() => void>();

function show(tip: Tip | null) {
  clearTimeout(timer);
  if (!tip) pressed = false;
  if (shown === tip) return;
  if (shown && !tip) goneAt = performance.now();
  put(tip);
}
function put(tip: Tip | null) {
  shown = tip;
  for (const listener of listeners) listener();
}
function later(ms: number, tip: Tip | null) {
  clearTimeout(timer);
  timer = setTimeout(() => show(tip?.anchor.isConnected === false ? null : tip), ms);
}
function hide() {
  if (!pressed) show(null);
}

export interface TooltipProps {
  content: ReactNode;
  children: ReactElement;
  side?: Tip["side"];
  rich?: boolean; // several lines: of a figure
}
export function Tooltip({ content, children, side = "bottom", rich = false }: TooltipProps) {
  const anchor = useRef<HTMLElement>(null);
  // What it explains changes under the pointer: so does the tip, for as long as it would have stayed.
  useEffect(() => {
    if (!shown || shown.anchor !== anchor.current) return;
    if (content) put({ ...shown, content });
    else show(null);
  }, [content]);
  useEffect(
    () => () => {
      if (shown && shown.anchor === anchor.current) show(null);
    },
    [],
  );
  if (!content) return children;

  const given = children.props as Record<string, ((event: unknown) => void) | undefined>;
  const tip = (element: HTMLElement): Tip => {
    anchor.current = element;
    return { anchor: element, content, side, rich };
  };
  const both =
    <E,>(name: string, own: (event: E) => void) =>
    (event: E) => {
      given[name]?.(event);
      own(event);
    };
  return cloneElement(children, {
    onPointerEnter: both("onPointerEnter", (event: PointerEvent<HTMLElement>) => {
      if (event.pointerType === "touch") return;
      const next = performance.now() - goneAt < kNextMs || shown !== null;
      later(next ? 0 : kDelayMs[rich ? "rich" : "plain"], tip(event.currentTarget));
    }),
    onPointerLeave: both("onPointerLeave", (event: PointerEvent) => {
      if (event.pointerType !== "touch") later(kLeaveMs, null);
    }),
    onPointerDown: both("onPointerDown", hide),
    onFocus: both("onFocus", (event: FocusEvent<HTMLElement>) => {
      if (event.currentTarget.matches(":focus-visible")) show(tip(event.currentTarget));
    }),
    onBlur: both("onBlur", hide),
    onTouchStart: both("onTouchStart", (event: TouchEvent<HTMLElement>) => {
      const mine = tip(event.currentTarget);
      if (pressed) show(null);
      clearTimeout(timer);
      timer = setTimeout(() => {
        show(mine);
        pressed = true;
      }, kPressMs);
    }),
    onTouchMove: both("onTouchMove", () => clearTimeout(timer)),
    onTouchEnd: both("onTouchEnd", (event: TouchEvent) => {
      clearTimeout(timer);
      if (!pressed) return;
      // A long press has shown it; it is no click.
      event.preventDefault();
      timer = setTimeout(() => show(null), kPressedMs);
    }),
    onTouchCancel: both("onTouchCancel", () => show(null)),
  } as object);
}

// The place of the one tip; once, around the application.
export function TooltipProvider({ children }: { children: ReactNode }) {
  const tip = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => shown,
  );
  return (
    <>
      {children}
      {tip && <ShownTip tip={tip} />}
    </>
  );
}

function ShownTip({ tip: { anchor, content, side, rich } }: { tip: Tip }) {
  const place = useRef<HTMLSpanElement>(null);
  const [box, setBox] = useState(() => anchor.getBoundingClientRect());
  useLayoutEffect(() => setBox(anchor.getBoundingClientRect()), [anchor]);
  // The tip describes what it stands at, as if it were its own.
  useLayoutEffect(() => {
    const own = anchor.getAttribute("aria-describedby");
    const id = place.current?.getAttribute("aria-describedby");
    if (id) anchor.setAttribute("aria-describedby", own ? `${own} ${id}` : id);
    return () => {
      if (own) anchor.setAttribute("aria-describedby", own);
      else anchor.removeAttribute("aria-describedby");
    };
  }, [anchor]);
  useEffect(() => {
    const onScroll = (event: Event) => {
      if (event.target instanceof Node && event.target.contains(anchor)) show(null);
    };
    window.addEventListener("scroll", onScroll, true);
    return () => window.removeEventListener("scroll", onScroll, true);
  }, [anchor]);
  return (
    <RadixTooltip.Provider>
      <RadixTooltip.Root
        open
        onOpenChange={(open) => {
          if (!open) hide();
        }}
      >
        <RadixTooltip.Trigger asChild>
          <span ref={place} style={{ position: "fixed", left: box.left, top: box.top, width: box.width, height: box.height, pointerEvents: "none" }} />
        </RadixTooltip.Trigger>
        <RadixTooltip.Portal>
          <RadixTooltip.Content data-tip="" className={classes(styles.tip, rich && styles.tipRich)} side={side} sideOffset={5} collisionPadding={8} onPointerEnter={() => clearTimeout(timer)} onPointerLeave={() => later(kLeaveMs, null)}>
            {content}
            <RadixTooltip.Arrow className={styles.arrow} width={10} height={5} />
          </RadixTooltip.Content>
        </RadixTooltip.Portal>
      </RadixTooltip.Root>
    </RadixTooltip.Provider>
  );
}

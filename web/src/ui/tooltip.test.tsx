import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Tooltip, TooltipProvider } from "./tooltip";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  act(() => void vi.runAllTimers());
  vi.useRealTimers();
});

function Two({ words = "first" }: { words?: string }) {
  return (
    <TooltipProvider>
      <Tooltip content={words}>
        <button type="button">a</button>
      </Tooltip>
      <Tooltip content="second">
        <button type="button">b</button>
      </Tooltip>
    </TooltipProvider>
  );
}
const wait = (ms: number) => act(() => void vi.advanceTimersByTime(ms));
const tip = () => screen.queryByRole("tooltip");
const button = (name: string) => screen.getByRole("button", { name });
// jsdom knows no pointer events of React's own.
const enter = (element: Element) => fireEvent.pointerOver(element, { pointerType: "mouse" });
const leave = (element: Element) => fireEvent.pointerOut(element, { pointerType: "mouse", relatedTarget: document.body });

it("comes after a pause, describes its button, and goes when the pointer has left", () => {
  render(<Two />);
  enter(button("a"));
  wait(400);
  expect(tip()).toBeNull();
  wait(200);
  expect(tip()).toHaveTextContent("first");
  expect(button("a")).toHaveAttribute("aria-describedby", tip()!.id);
  leave(button("a"));
  wait(200);
  expect(tip()).toBeNull();
  expect(button("a")).not.toHaveAttribute("aria-describedby");
});

it("changes with what it explains, and a change does not keep it open", () => {
  const { rerender } = render(<Two />);
  enter(button("a"));
  wait(600);
  rerender(<Two words="other" />);
  expect(tip()).toHaveTextContent("other");
  leave(button("a"));
  rerender(<Two words="again" />);
  wait(200);
  expect(tip()).toBeNull();
});

it("belongs to one at a time", () => {
  render(<Two />);
  enter(button("a"));
  wait(600);
  leave(button("a"));
  enter(button("b"));
  wait(1);
  expect(screen.getAllByRole("tooltip")).toHaveLength(1);
  expect(tip()).toHaveTextContent("second");
});

it("a long press shows it and is no click; the next tap is one", () => {
  render(<Two />);
  fireEvent.touchStart(button("a"));
  wait(500);
  expect(tip()).toHaveTextContent("first");
  expect(fireEvent.touchEnd(button("a"))).toBe(false);
  // Scrolling takes it away at once …
  fireEvent.scroll(document);
  expect(tip()).toBeNull();
  // … and the tap after that is not swallowed.
  fireEvent.touchStart(button("b"));
  expect(fireEvent.touchEnd(button("b"))).toBe(true);
});

it("a press that the system takes over leaves nothing behind", () => {
  render(<Two />);
  fireEvent.touchStart(button("a"));
  wait(500);
  fireEvent.touchCancel(button("a"));
  expect(tip()).toBeNull();
  fireEvent.touchStart(button("a"));
  expect(fireEvent.touchEnd(button("a"))).toBe(true);
});

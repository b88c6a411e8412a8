import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import "@/i18n";
import { TooltipProvider } from "@/ui";
import { Pieces } from "./Shelf";

it("pieces are moved with the arrow keys, within the list only, and said aloud", () => {
  const onMove = vi.fn();
  render(
    <TooltipProvider>
      <Pieces pieces={[{ id: "a", name: "A" }, { id: "b", name: "B" }]} onRemove={() => undefined} onMove={onMove} />
    </TooltipProvider>,
  );
  const grips = screen.getAllByRole("button").filter((button) => button.hasAttribute("data-grip"));
  fireEvent.keyDown(grips[0]!, { key: "ArrowUp" });
  expect(onMove).not.toHaveBeenCalled();
  fireEvent.keyDown(grips[0]!, { key: "ArrowDown" });
  expect(onMove).toHaveBeenCalledWith(0, 1);
  expect(document.querySelector("[aria-live]")!.textContent).toContain("A");
});

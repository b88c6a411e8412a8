import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import { setLanguage } from "@/i18n";
import { Button } from "./Button";
import { Combobox, matches, MultiCombobox } from "./Combobox";
import { Figure } from "./Figure";
import { FileDrop } from "./FileDrop";
import { Field, NumberInput, parseNumber } from "./form";
import { Delta } from "./marks";
import { Dialog } from "./overlay";
import { TooltipProvider } from "./tooltip";
import { ErrorState } from "./panel";
import { ApiError } from "@/api/error";

setLanguage("en");
const options = [
  { value: "close_rate", label: "成交率", hint: "close_rate", keywords: "close rate" },
  { value: "capture_rate", label: "留档率", hint: "capture_rate" },
  { value: "td_rate", label: "试乘试驾率", hint: "td_rate" },
];

describe("Combobox", () => {
  it("finds by label, id and further words, and gives the value", async () => {
    const onChange = vi.fn();
    render(<Combobox label="KPI" value="" onChange={onChange} options={options} />);
    await userEvent.click(screen.getByRole("combobox", { name: "KPI" }));
    await userEvent.keyboard("close rate");
    expect(screen.getAllByRole("option").map((option) => option.textContent)).toEqual(["成交率close_rate"]);
    await userEvent.keyboard("{Enter}");
    expect(onChange).toHaveBeenCalledWith("close_rate");
    expect(screen.queryByRole("option")).toBeNull();
  });

  it("says when there is no match", async () => {
    render(<Combobox label="KPI" value="" onChange={() => {}} options={options} />);
    await userEvent.click(screen.getByRole("combobox"));
    await userEvent.keyboard("zzz");
    expect(screen.getByText("No match")).toBeVisible();
  });

  it("with several stays open, adds and removes", async () => {
    function Several() {
      const [values, setValues] = useState<string[]>([]);
      return <MultiCombobox label="KPIs" values={values} onChange={setValues} options={options} />;
    }
    render(<Several />);
    await userEvent.click(screen.getByRole("combobox"));
    const pick = (name: RegExp) => userEvent.click(screen.getByRole("option", { name }));
    await pick(/成交率/);
    await pick(/留档率/);
    await pick(/试乘/);
    await pick(/留档率/);
    await userEvent.keyboard("{Escape}");
    expect(screen.getByRole("combobox")).toHaveTextContent("成交率 · 试乘试驾率");
    await userEvent.click(screen.getByRole("button", { name: "Clear" }));
    expect(screen.getByRole("combobox")).toHaveTextContent("Choose");
  });

  it("asks elsewhere with onSearch and then shows all that came", async () => {
    const onSearch = vi.fn();
    render(<Combobox label="Dealer" value="" onChange={() => {}} options={options} onSearch={onSearch} />);
    await userEvent.click(screen.getByRole("combobox"));
    await userEvent.keyboard("西");
    expect(onSearch).toHaveBeenLastCalledWith("西");
    expect(screen.getAllByRole("option")).toHaveLength(3);
  });

  it("needs every word, in any order and width", () => {
    expect(matches("Close rate 成交率", "rate close")).toBeGreaterThan(0);
    expect(matches("Close rate 成交率", "ＣＬＯＳＥ")).toBeGreaterThan(0);
    expect(matches("Close rate", "close deal")).toBe(0);
    expect(matches("Close rate", "close")).toBeGreaterThan(matches("Retail close rate", "close"));
  });
});

describe("Figure", () => {
  const show = (props: Partial<Parameters<typeof Figure>[0]>) =>
    render(
      <TooltipProvider>
        <Figure cell={{ value: 217 / 301, num: 217, den: 301 }} unit="percent" {...props} />
      </TooltipProvider>,
    );

  it("explains itself on focus: what was divided, the interval, what a click does", async () => {
    const onOpen = vi.fn();
    show({ onOpen, numName: "captured", denName: "contacts", definition: "Captured of all contacts." });
    expect(screen.getByRole("button")).toHaveTextContent("72%");
    await userEvent.tab();
    const tip = await screen.findByRole("tooltip");
    expect(tip).toHaveTextContent("217 captured ÷ 301 contacts = 72.1%");
    expect(tip).toHaveTextContent("95% interval 67% – 77%");
    expect(tip).toHaveTextContent("Captured of all contacts.");
    await userEvent.keyboard("{Enter}");
    expect(onOpen).toHaveBeenCalledOnce();
  });

  it("of fewer than five cases gives counts only, of fewer than twenty says so", () => {
    const { unmount } = show({ judgeSample: true, cell: { value: 0.5, num: 2, den: 4 }, onOpen: () => {} });
    expect(screen.getByRole("button")).toHaveTextContent(/^2 \/ 4/);
    unmount();
    show({ judgeSample: true, cell: { value: 0.5, num: 6, den: 12 }, onOpen: () => {} });
    expect(screen.getByRole("button")).toHaveTextContent("50% (small n)");
  });

  it("without a value is a dash, and says why", async () => {
    show({ cell: { value: null, num: 3, den: 0 } });
    expect(screen.getByText("—")).toBeVisible();
    await userEvent.tab();
    expect(await screen.findByRole("tooltip")).toHaveTextContent("nothing to divide by");
  });
});

describe("Dialog", () => {
  function Page() {
    const [open, setOpen] = useState(false);
    return (
      <>
        <Button onClick={() => setOpen(true)}>Undo import</Button>
        <Dialog open={open} onOpenChange={setOpen} title="Undo this import (4,773 rows)?" footer={<Button onClick={() => setOpen(false)}>Keep</Button>}>
          <input aria-label="Why" />
        </Dialog>
      </>
    );
  }
  it("takes the focus, keeps it inside, closes with Escape and gives it back", async () => {
    render(<Page />);
    const opener = screen.getByRole("button", { name: "Undo import" });
    await userEvent.click(opener);
    const dialog = screen.getByRole("dialog", { name: "Undo this import (4,773 rows)?" });
    expect(dialog).toContainElement(document.activeElement as HTMLElement);
    for (let i = 0; i < 6; i++) {
      await userEvent.tab();
      expect(dialog).toContainElement(document.activeElement as HTMLElement);
    }
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByRole("dialog")).toBeNull();
    await waitFor(() => expect(opener).toHaveFocus());
  });

  it("that wants an answer does not close with Escape", async () => {
    render(
      <Dialog open title="Your session has ended">
        <input aria-label="Password" />
      </Dialog>,
    );
    await userEvent.keyboard("{Escape}");
    expect(screen.getByRole("dialog")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Close" })).toBeNull();
  });
});

describe("Field and number", () => {
  it("hint and error belong to the control", () => {
    render(
      <Field label="Count" hint="Whole cars" error="September has 30 days. Use 30 Sep?">
        <NumberInput value={3} onChange={() => {}} />
      </Field>,
    );
    const input = screen.getByLabelText("Count");
    expect(input).toHaveAccessibleDescription("Whole cars September has 30 days. Use 30 Sep?");
    expect(input).toBeInvalid();
  });

  it("takes what people write", () => {
    expect(["1,234", "１２３４", "−3", " 12.50 ", ".5", "12."].map(parseNumber)).toEqual([1234, 1234, -3, 12.5, 0.5, 12]);
    expect(["", "abc", "1.2.3", "--1", "1e5"].map(parseNumber)).toEqual([null, null, null, null, null]);
  });

  it("outside its bounds gives nothing and keeps the text", async () => {
    const onChange = vi.fn();
    render(
      <Field label="Days">
        <NumberInput value={null} onChange={onChange} min={1} max={30} places={0} />
      </Field>,
    );
    const input = screen.getByLabelText("Days");
    await userEvent.type(input, "45");
    expect(onChange).toHaveBeenLastCalledWith(null);
    expect(input).toHaveValue("45");
    expect(input).toBeInvalid();
    await userEvent.clear(input);
    await userEvent.type(input, "12");
    expect(onChange).toHaveBeenLastCalledWith(12);
    expect(input).toBeValid();
  });
});

describe("Delta", () => {
  it("says the direction in words and the judgement by colour only beside it", () => {
    const { container } = render(<Delta change={{ direction: "up", text: "7.8%" }} better="lower" note="YoY" />);
    expect(container.firstElementChild).toHaveTextContent("up 7.8%YoY");
    expect(container.firstElementChild).toHaveClass("bad", "up", "versus");
  });
});

describe("FileDrop", () => {
  it("takes a chosen or pasted file, and says what it cannot take", async () => {
    const onFile = vi.fn();
    render(<FileDrop accept={[".csv", ".xlsx"]} maxBytes={100} onFile={onFile} />);
    const input = document.querySelector("input")!;
    const file = new File(["a,b"], "来店.CSV");
    await userEvent.upload(input, file, { applyAccept: false });
    expect(onFile).toHaveBeenCalledWith(file);
    await userEvent.upload(input, new File(["x"], "photo.png"), { applyAccept: false });
    expect(screen.getByRole("alert")).toHaveTextContent("Use .csv .xlsx.");
    await userEvent.upload(input, new File(["x".repeat(101)], "big.csv"), { applyAccept: false });
    expect(screen.getByRole("alert")).toHaveTextContent("The file has 101 B; the limit is 100 B.");
    expect(onFile).toHaveBeenCalledOnce();
  });
});

it("an error says what happened, what is safe, what to do, with a code to copy", () => {
  render(<ErrorState error={new ApiError({ status: 503, code: "store_busy", title: "The store is busy.", todo: "Try again.", requestId: "abc" })} safe="Nothing was saved; your text is still here." />);
  const alert = screen.getByRole("alert");
  for (const words of ["The store is busy.", "Nothing was saved", "Try again.", "Code store_busy · Request abc"]) expect(alert).toHaveTextContent(words);
});

import { Check, X } from "lucide-react";
import { Dialog as RadixDialog, DropdownMenu as RadixMenu, Popover as RadixPopover } from "radix-ui";
import { useLayoutEffect, useRef, type ReactElement, type ReactNode } from "react";
import { useTexts } from "@/i18n";
import { classes, usePhone } from "./hooks";
import styles from "./overlay.module.css";
import { uiTexts } from "./texts";

// What lies above the page. All close with Escape and give the focus back to where it was.

export interface DialogProps {
  open: boolean;
  onOpenChange?: (open: boolean) => void; // absent: it cannot be closed without an answer
  title: string;
  note?: ReactNode; // one sentence under the title
  wide?: boolean;
  footer?: ReactNode; // buttons, the primary one last
  children?: ReactNode;
}

// A dialog without a trigger of its own must itself remember where the focus was.
export function useReturnFocus(open: boolean): (event: Event) => void {
  const from = useRef<Element | null>(null);
  useLayoutEffect(() => {
    if (open) from.current = document.activeElement;
  }, [open]);
  return (event) => {
    event.preventDefault();
    if (from.current instanceof HTMLElement && from.current.isConnected) from.current.focus();
  };
}

// The page's tip lies outside of what it explains; a press on it is none beside a layer.
function keepForTip(event: { target: EventTarget | null; detail?: { originalEvent?: Event }; preventDefault: () => void }) {
  const target = event.detail?.originalEvent?.target ?? event.target;
  if (target instanceof Element && target.closest("[data-tip]")) event.preventDefault();
}

// In the middle of the screen; on the phone a sheet from below.
export function Dialog({ open, onOpenChange, title, note, wide, footer, children }: DialogProps) {
  const t = useTexts(uiTexts);
  const phone = usePhone();
  const onCloseAutoFocus = useReturnFocus(open);
  const stay = onOpenChange ? undefined : (event: Event) => event.preventDefault();
  return (
    <RadixDialog.Root open={open} {...(onOpenChange ? { onOpenChange } : {})}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className={styles.scrim} />
        <RadixDialog.Content
          className={classes(phone ? styles.sheet : styles.dialog, wide && styles.wide)}
          onCloseAutoFocus={onCloseAutoFocus}
          {...(note ? {} : { "aria-describedby": undefined })}
          onInteractOutside={stay ?? keepForTip}
          {...(stay ? { onEscapeKeyDown: stay } : {})}
        >
          <header className={styles.head}>
            <div className={styles.titles}>
              <RadixDialog.Title className={styles.title}>{title}</RadixDialog.Title>
              {note && <RadixDialog.Description className={styles.note}>{note}</RadixDialog.Description>}
            </div>
            {onOpenChange && (
              <RadixDialog.Close className={styles.close} aria-label={t("close")}>
                <X size={16} aria-hidden />
              </RadixDialog.Close>
            )}
          </header>
          <div className={styles.body}>{children}</div>
          {footer && <footer className={styles.foot}>{footer}</footer>}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

// Beside the page, from the right; on the phone from below. For details of a row or figure.
export function Sheet({ open, onOpenChange, title, note, footer, children, wide }: DialogProps) {
  const t = useTexts(uiTexts);
  const phone = usePhone();
  const onCloseAutoFocus = useReturnFocus(open);
  return (
    <RadixDialog.Root open={open} {...(onOpenChange ? { onOpenChange } : {})}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className={styles.scrim} />
        <RadixDialog.Content className={classes(phone ? styles.sheet : styles.side, wide && styles.sideWide)} onCloseAutoFocus={onCloseAutoFocus} onInteractOutside={keepForTip} {...(note ? {} : { "aria-describedby": undefined })}>
          <header className={styles.head}>
            <div className={styles.titles}>
              <RadixDialog.Title className={styles.title}>{title}</RadixDialog.Title>
              {note && <RadixDialog.Description className={styles.note}>{note}</RadixDialog.Description>}
            </div>
            <RadixDialog.Close className={styles.close} aria-label={t("close")}>
              <X size={16} aria-hidden />
            </RadixDialog.Close>
          </header>
          <div className={styles.body}>{children}</div>
          {footer && <footer className={styles.foot}>{footer}</footer>}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

export interface PopoverProps {
  trigger: ReactElement;
  label: string;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  align?: "start" | "center" | "end";
  padded?: boolean;
  children: ReactNode;
}
// At its trigger; on the phone a sheet from below, so that a picker is never cut.
export function Popover({ trigger, label, open, onOpenChange, align = "start", padded = true, children }: PopoverProps) {
  const phone = usePhone();
  const control = { ...(open !== undefined ? { open } : {}), ...(onOpenChange ? { onOpenChange } : {}) };
  if (phone) {
    return (
      <RadixDialog.Root {...control}>
        <RadixDialog.Trigger asChild>{trigger}</RadixDialog.Trigger>
        <RadixDialog.Portal>
          <RadixDialog.Overlay className={styles.scrim} />
          <RadixDialog.Content className={styles.sheet} aria-describedby={undefined} onInteractOutside={keepForTip}>
            <header className={styles.head}>
              <RadixDialog.Title className={styles.title}>{label}</RadixDialog.Title>
              <CloseButton />
            </header>
            <div className={classes(styles.body, !padded && styles.flush)}>{children}</div>
          </RadixDialog.Content>
        </RadixDialog.Portal>
      </RadixDialog.Root>
    );
  }
  return (
    <RadixPopover.Root {...control}>
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal>
        <RadixPopover.Content className={classes(styles.popover, padded && styles.padded)} align={align} sideOffset={4} collisionPadding={8} aria-label={label} onInteractOutside={keepForTip}>
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  );
}
function CloseButton() {
  const t = useTexts(uiTexts);
  return (
    <RadixDialog.Close className={styles.close} aria-label={t("close")}>
      <X size={16} aria-hidden />
    </RadixDialog.Close>
  );
}

// ---- Menu ----

// What an item does comes after the menu has given the focus back to its button: a dialog that it opens can then
// return it there.
const kAfterCloseMs = 20;

export type MenuItem =
  | { id: string; label: string; icon?: ReactNode; hint?: string; danger?: boolean; disabled?: boolean; run: () => void }
  | { id: string; label: string; value: string; options: { value: string; label: string }[]; choose: (value: string) => void }
  | "line"
  | { heading: ReactNode };

export function Menu({ trigger, items, align = "end", side }: { trigger: ReactElement; items: MenuItem[]; align?: "start" | "end"; side?: "top" | "bottom" | "right" }) {
  return (
    <RadixMenu.Root modal={false}>
      <RadixMenu.Trigger asChild>{trigger}</RadixMenu.Trigger>
      <RadixMenu.Portal>
        <RadixMenu.Content className={styles.menu} align={align} {...(side ? { side } : {})} sideOffset={4} collisionPadding={8}>
          {items.map((item, index) => {
            if (item === "line") return <RadixMenu.Separator key={index} className={styles.line} />;
            if ("heading" in item) {
              return (
                <RadixMenu.Label key={index} className={styles.heading}>
                  {item.heading}
                </RadixMenu.Label>
              );
            }
            if ("options" in item) {
              return (
                <RadixMenu.Group key={item.id} aria-label={item.label}>
                  <RadixMenu.Label className={styles.heading}>{item.label}</RadixMenu.Label>
                  <RadixMenu.RadioGroup value={item.value} onValueChange={item.choose}>
                    {item.options.map((option) => (
                      <RadixMenu.RadioItem key={option.value} value={option.value} className={classes(styles.item, styles.radio)} onSelect={(event) => event.preventDefault()}>
                        <RadixMenu.ItemIndicator className={styles.mark}>
                          <Check size={14} aria-hidden />
                        </RadixMenu.ItemIndicator>
                        {option.label}
                      </RadixMenu.RadioItem>
                    ))}
                  </RadixMenu.RadioGroup>
                </RadixMenu.Group>
              );
            }
            return (
              <RadixMenu.Item key={item.id} className={classes(styles.item, item.danger && styles.danger)} disabled={item.disabled ?? false} onSelect={() => setTimeout(item.run, kAfterCloseMs)}>
                {item.icon}
                <span>{item.label}</span>
                {item.hint && <kbd>{item.hint}</kbd>}
              </RadixMenu.Item>
            );
          })}
        </RadixMenu.Content>
      </RadixMenu.Portal>
    </RadixMenu.Root>
  );
}

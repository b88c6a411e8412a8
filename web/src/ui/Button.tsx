import { LoaderCircle, type LucideIcon } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { classes } from "./hooks";
import styles from "./Button.module.css";
import { Tooltip } from "./tooltip";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  // plain: bordered; primary: the one thing to do here; link: in running text; ghost: no border
  kind?: "plain" | "primary" | "link" | "ghost" | "danger";
  icon?: LucideIcon;
  busy?: boolean; // shows that it works and takes no second click
  small?: boolean;
  wide?: boolean;
  ref?: Ref<HTMLButtonElement>;
  children?: ReactNode;
}

export function Button({ kind = "plain", icon: Icon, busy = false, small, wide, className, children, disabled, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={classes(styles.button, styles[kind], small && styles.small, wide && styles.wide, className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy ? <LoaderCircle size={14} className={styles.spin} aria-hidden /> : Icon && <Icon size={14} strokeWidth={1.8} aria-hidden />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "aria-label"> {
  label: string; // said by screen readers and shown as tooltip
  icon: LucideIcon;
  bordered?: boolean;
  small?: boolean;
  tip?: boolean;
  ref?: Ref<HTMLButtonElement>;
}
export function IconButton({ label, icon: Icon, bordered, small, tip = true, className, type = "button", ...rest }: IconButtonProps) {
  const button = (
    <button type={type} aria-label={label} className={classes(styles.icon, bordered && styles.bordered, small && styles.small, className)} {...rest}>
      <Icon size={small ? 14 : 16} strokeWidth={1.8} aria-hidden />
    </button>
  );
  return tip ? <Tooltip content={label}>{button}</Tooltip> : button;
}

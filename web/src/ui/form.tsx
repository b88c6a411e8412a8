import { Check, ChevronDown, Eye, EyeOff, Minus } from "lucide-react";
import { Checkbox as RadixCheckbox, RadioGroup as RadixRadio, Select as RadixSelect, Switch as RadixSwitch } from "radix-ui";
import { createContext, useContext, useId, useState, type InputHTMLAttributes, type ReactNode, type Ref, type TextareaHTMLAttributes } from "react";
import { useTexts } from "@/i18n";
import styles from "./form.module.css";
import { classes } from "./hooks";
import { uiTexts } from "./texts";

// What a person fills in. A Field gives its control the label, the hint and the error; controls take their id and
// descriptions from the Field around them.

interface Around {
  id: string;
  describedBy: string | undefined;
  invalid: boolean;
}
const FieldContext = createContext<Around | null>(null);

export interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  error?: ReactNode; // says what is wrong and what would be right
  optional?: boolean;
  hideLabel?: boolean;
  inline?: boolean; // label beside the control
  children: ReactNode;
  className?: string;
}
export function Field({ label, hint, error, optional, hideLabel, inline, children, className }: FieldProps) {
  const t = useTexts(uiTexts);
  const id = useId();
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;
  return (
    <FieldContext.Provider value={{ id, describedBy: described, invalid: Boolean(error) }}>
      <div className={classes(styles.field, inline && styles.inline, className)}>
        <label htmlFor={id} className={hideLabel ? "sr-only" : styles.label}>
          {label}
          {optional && <span className={styles.optional}>{t("optional")}</span>}
        </label>
        {children}
        {hint && (
          <p id={`${id}-hint`} className={styles.hint}>
            {hint}
          </p>
        )}
        {error && (
          <p id={`${id}-error`} className={styles.error} role="alert">
            {error}
          </p>
        )}
      </div>
    </FieldContext.Provider>
  );
}
export function useField(): { id?: string; "aria-describedby"?: string; "aria-invalid"?: true } {
  const around = useContext(FieldContext);
  if (!around) return {};
  return {
    id: around.id,
    ...(around.describedBy ? { "aria-describedby": around.describedBy } : {}),
    ...(around.invalid ? { "aria-invalid": true as const } : {}),
  };
}

export interface TextInputProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "prefix"> {
  value: string;
  onChange: (value: string) => void;
  prefix?: ReactNode;
  suffix?: ReactNode;
  mono?: boolean;
  ref?: Ref<HTMLInputElement>;
}
export function TextInput({ value, onChange, prefix, suffix, mono, className, type = "text", ...rest }: TextInputProps) {
  const field = useField();
  const input = (
    <input
      type={type}
      className={classes(styles.input, mono && "code", prefix || suffix ? styles.bare : className)}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      {...field}
      {...rest}
    />
  );
  if (!prefix && !suffix) return input;
  return (
    <span className={classes(styles.box, className)}>
      {prefix && <span className={styles.affix}>{prefix}</span>}
      {input}
      {suffix && <span className={styles.affix}>{suffix}</span>}
    </span>
  );
}

export function PasswordInput(props: Omit<TextInputProps, "type" | "suffix">) {
  const t = useTexts(uiTexts);
  const [shown, setShown] = useState(false);
  return (
    <TextInput
      {...props}
      type={shown ? "text" : "password"}
      autoCapitalize="off"
      spellCheck={false}
      suffix={
        <button type="button" className={styles.eye} aria-pressed={shown} aria-label={shown ? t("hidePassword") : t("showPassword")} onClick={() => setShown(!shown)}>
          {shown ? <EyeOff size={16} aria-hidden /> : <Eye size={16} aria-hidden />}
        </button>
      }
    />
  );
}

export interface TextAreaProps extends Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "onChange"> {
  value: string;
  onChange: (value: string) => void;
  mono?: boolean;
  ref?: Ref<HTMLTextAreaElement>;
}
export function TextArea({ value, onChange, mono, className, rows = 3, ...rest }: TextAreaProps) {
  const field = useField();
  return <textarea rows={rows} className={classes(styles.input, styles.area, mono && "code", className)} value={value} onChange={(event) => onChange(event.target.value)} {...field} {...rest} />;
}

export interface NumberInputProps extends Omit<TextInputProps, "value" | "onChange" | "type" | "min" | "max"> {
  value: number | null;
  onChange: (value: number | null) => void;
  min?: number;
  max?: number;
  places?: number;
}
// Takes what people write: 1,234 · １２３４ · 12.5 · −3. While it is being typed the text stays as it is; a text that is no
// number, or lies outside, gives null and shows it.
export function NumberInput({ value, onChange, min, max, places, onBlur, ...rest }: NumberInputProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? (value === null ? "" : String(value));
  const parsed = typed === null ? value : parseNumber(typed);
  const wrong = typed !== null && typed.trim() !== "" && (parsed === null || out(parsed, min, max, places));
  return (
    <TextInput
      inputMode={places === 0 ? "numeric" : "decimal"}
      {...rest}
      className={classes(styles.number, rest.className)}
      value={shown}
      {...(wrong ? { "aria-invalid": true } : {})}
      onChange={(text) => {
        setTyped(text);
        const next = parseNumber(text);
        onChange(next !== null && out(next, min, max, places) ? null : next);
      }}
      onBlur={(event) => {
        if (!wrong) setTyped(null);
        onBlur?.(event);
      }}
    />
  );
}
function out(value: number, min?: number, max?: number, places?: number): boolean {
  if ((min !== undefined && value < min) || (max !== undefined && value > max)) return true;
  return places !== undefined && (String(value).split(".")[1]?.length ?? 0) > places;
}
export function parseNumber(text: string): number | null {
  const plain = text
    .normalize("NFKC")
    .replace(/[\s,]/g, "")
    .replace(/^[\u2212\u2013]/, "-");
  return /^-?(\d+(\.\d*)?|\.\d+)$/.test(plain) ? Number(plain) : null;
}

export interface CheckboxProps {
  checked: boolean | "indeterminate";
  onChange: (checked: boolean) => void;
  label: ReactNode;
  hint?: ReactNode;
  disabled?: boolean;
  hideLabel?: boolean;
}
export function Checkbox({ checked, onChange, label, hint, disabled, hideLabel }: CheckboxProps) {
  const id = useId();
  return (
    <div className={styles.check}>
      <RadixCheckbox.Root id={id} className={styles.checkBox} checked={checked} disabled={disabled ?? false} onCheckedChange={(next) => onChange(next === true)} {...(hint ? { "aria-describedby": `${id}-hint` } : {})}>
        <RadixCheckbox.Indicator className={styles.checkMark}>{checked === "indeterminate" ? <Minus size={12} strokeWidth={3} /> : <Check size={12} strokeWidth={3} />}</RadixCheckbox.Indicator>
      </RadixCheckbox.Root>
      <label htmlFor={id} className={hideLabel ? "sr-only" : undefined}>
        {label}
        {hint && (
          <span id={`${id}-hint`} className={styles.hint}>
            {hint}
          </span>
        )}
      </label>
    </div>
  );
}

export function Switch({ checked, onChange, label, hint, disabled }: Omit<CheckboxProps, "checked" | "hideLabel"> & { checked: boolean }) {
  const id = useId();
  return (
    <div className={styles.check}>
      <RadixSwitch.Root id={id} className={styles.switch} checked={checked} disabled={disabled ?? false} onCheckedChange={onChange}>
        <RadixSwitch.Thumb className={styles.thumb} />
      </RadixSwitch.Root>
      <label htmlFor={id}>
        {label}
        {hint && <span className={styles.hint}>{hint}</span>}
      </label>
    </div>
  );
}

export interface Option<V extends string = string> {
  value: V;
  label: string;
  hint?: string;
  disabled?: boolean;
}

export function RadioGroup<V extends string>({ value, onChange, options, label }: { value: V; onChange: (value: V) => void; options: Option<V>[]; label: string }) {
  const id = useId();
  return (
    <RadixRadio.Root className={styles.radios} value={value} onValueChange={(next) => onChange(next as V)} aria-label={label}>
      {options.map((option) => (
        <div key={option.value} className={styles.check}>
          <RadixRadio.Item id={`${id}-${option.value}`} value={option.value} className={styles.radio} disabled={option.disabled ?? false}>
            <RadixRadio.Indicator className={styles.radioMark} />
          </RadixRadio.Item>
          <label htmlFor={`${id}-${option.value}`}>
            {option.label}
            {option.hint && <span className={styles.hint}>{option.hint}</span>}
          </label>
        </div>
      ))}
    </RadixRadio.Root>
  );
}

// A few choices of which one holds, all in sight. `content` may be an icon; the label is then said.
export function SegmentedControl<V extends string>({
  value,
  onChange,
  options,
  label,
  className,
}: {
  value: V;
  onChange: (value: V) => void;
  options: (Option<V> & { content?: ReactNode })[];
  label: string;
  className?: string;
}) {
  return (
    <RadixRadio.Root className={classes(styles.segments, className)} value={value} onValueChange={(next) => onChange(next as V)} aria-label={label} orientation="horizontal">
      {options.map((option) => (
        <RadixRadio.Item key={option.value} value={option.value} className={styles.segment} disabled={option.disabled ?? false} {...(option.content ? { "aria-label": option.label, title: option.label } : {})}>
          {option.content ?? option.label}
        </RadixRadio.Item>
      ))}
    </RadixRadio.Root>
  );
}

// One of a short list. Longer ones, or such as come from the server: Combobox.
export function Select<V extends string>({
  value,
  onChange,
  options,
  label,
  placeholder,
  small,
  warn,
  disabled,
  className,
}: {
  value: V | "";
  onChange: (value: V) => void;
  options: Option<V>[];
  label?: string; // where no Field gives it
  placeholder?: string;
  small?: boolean;
  warn?: boolean; // wants to be confirmed
  disabled?: boolean;
  className?: string;
}) {
  const t = useTexts(uiTexts);
  const field = useField();
  return (
    <RadixSelect.Root value={value} onValueChange={(next) => onChange(next as V)} disabled={disabled ?? false}>
      <RadixSelect.Trigger className={classes(styles.input, styles.select, small && styles.small, warn && styles.warn, className)} {...(label ? { "aria-label": label } : {})} {...field}>
        <span className={styles.selected}>
          <RadixSelect.Value placeholder={placeholder ?? t("choose")} />
        </span>
        <RadixSelect.Icon className={styles.chevron}>
          <ChevronDown size={14} aria-hidden />
        </RadixSelect.Icon>
      </RadixSelect.Trigger>
      <RadixSelect.Portal>
        <RadixSelect.Content className={styles.list} position="popper" sideOffset={4} collisionPadding={8}>
          <RadixSelect.Viewport>
            {options.map((option) => (
              <RadixSelect.Item key={option.value} value={option.value} className={styles.option} disabled={option.disabled ?? false}>
                <RadixSelect.ItemText>{option.label}</RadixSelect.ItemText>
                {option.hint && <span className={styles.optionHint}>{option.hint}</span>}
                <RadixSelect.ItemIndicator className={styles.optionMark}>
                  <Check size={14} aria-hidden />
                </RadixSelect.ItemIndicator>
              </RadixSelect.Item>
            ))}
          </RadixSelect.Viewport>
        </RadixSelect.Content>
      </RadixSelect.Portal>
    </RadixSelect.Root>
  );
}

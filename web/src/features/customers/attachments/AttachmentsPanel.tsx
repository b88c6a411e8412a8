import { Camera, Download, Ellipsis, FileSpreadsheet, FileText, FileX, Image, Paperclip, Pencil, Plus, RotateCcw, Trash2 } from "lucide-react";
import { useEffect, useId, useRef, useState, type ReactElement } from "react";
import { saveFile, type ApiError } from "@/api";
import { useLanguage, useTexts } from "@/i18n";
import { Banner, Button, classes, Dialog, ErrorState, Field, formatBytes, formatDay, formatInstant, formatNumber, IconButton, Menu, Panel, ProgressBar, Skeleton, Tag, TextArea, TextInput, toast } from "@/ui";
import { kReasons, useMay, type Customer, type Reason } from "../data";
import type { Dealer } from "../logic/dealer";
import { texts as customerTexts } from "../texts";
import styles from "./attachments.module.css";
import { useAttachments, useChange, useMove, useOpen, type Attachment, type Opened, type Owner, type Uploads } from "./data";
import { kAccept, shapeOf, typeName } from "./logic";
import { texts } from "./texts";

const kIcons = { picture: Image, pdf: FileText, sheet: FileSpreadsheet, text: FileText };

// The files of a customer and of his leads. `known`: why his data were shown in full on this page already, so that it
// need not be asked for again.
export function AttachmentsPanel({ dealer, customer, uploads, mayChange, known }: { dealer: Dealer; customer: Customer; uploads: Uploads; mayChange: boolean; known: Reason | undefined }) {
  const t = useTexts(texts);
  const mayOpen = useMay()("reveal");
  const { data, error, refetch } = useAttachments(dealer.id, customer.id);
  const [over, setOver] = useState(false);
  const [why, setWhy] = useState<Reason>();
  const [changing, setChanging] = useState<Attachment | null>(null);
  const [shown, setShown] = useState<Opened | null>(null);
  const open = useOpen(dealer.id);
  const move = useMove(dealer.id, customer.id);
  const owner: Owner = { kind: "customer", id: customer.id };
  const files = data?.attachments ?? [];
  const reason = known ?? why;
  const called = (attachment: Attachment) => (attachment.damaged ? t("damagedName") : attachment.name);

  const look = (attachment: Attachment, because: Reason) => {
    setWhy(because);
    open.mutate(
      { attachment, reason: because },
      { onSuccess: (opened) => (attachment.picture ? setShown(opened) : saveFile(opened.blob, opened.name)) },
    );
  };
  const restore = (attachment: Attachment) => move.mutate({ id: attachment.id, back: true }, { onSuccess: () => toast(t("restored", { name: called(attachment) }), { kind: "good" }) });
  const remove = (attachment: Attachment) => move.mutate({ id: attachment.id, back: false }, { onSuccess: () => toast(t("removed", { name: called(attachment) }), { undo: () => restore(attachment) }) });

  const drop = mayChange
    ? {
        onDragOver: (event: React.DragEvent) => {
          if (![...event.dataTransfer.types].includes("Files")) return;
          event.preventDefault();
          event.dataTransfer.dropEffect = "copy";
          setOver(true);
        },
        onDragLeave: (event: React.DragEvent) => {
          if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
        },
        onDrop: (event: React.DragEvent) => {
          event.preventDefault();
          setOver(false);
          uploads.add([...event.dataTransfer.files], owner);
        },
      }
    : {};
  return (
    // Dragging is a second way; the buttons do the same for everyone.
    <div className={classes(styles.zone, over && styles.over)} {...drop}>
      <Panel
        title={t("attachments")}
        note={files.length > 0 ? t("filesN", { n: formatNumber(files.length), count: files.length }) : undefined}
        action={
          mayChange && (
            <span className={styles.adders}>
              <Chooser camera onFiles={(chosen) => uploads.add(chosen, owner)}>
                {(choose) => (
                  <span className={styles.touchOnly}>
                    <Button small icon={Camera} onClick={choose}>
                      {t("photo")}
                    </Button>
                  </span>
                )}
              </Chooser>
              <Chooser onFiles={(chosen) => uploads.add(chosen, owner)}>
                {(choose) => (
                  <Button small icon={Plus} onClick={choose}>
                    {t("add")}
                  </Button>
                )}
              </Chooser>
            </span>
          )
        }
      >
        {error && <ErrorState small error={error} onRetry={() => void refetch()} />}
        {move.isError && !files.some(({ id }) => id === move.variables.id) && <Trouble error={move.error} />}
        <OnTheirWay uploads={uploads} />
        {!data && !error && <Skeleton lines={3} height={32} />}
        {data && files.length === 0 && uploads.sending.length === 0 && <p className={styles.empty}>{mayChange ? t("empty") : t("emptyReadOnly")}</p>}
        {files.length > 0 && (
          <ul className={styles.list}>
            {files.map((file) => (
              <Line
                key={file.id}
                file={file}
                busy={open.isPending && open.variables.attachment.id === file.id}
                error={move.isError && move.variables.id === file.id ? move.error : open.isError && open.variables.attachment.id === file.id ? open.error : null}
                reason={reason}
                onOpen={mayOpen && !file.damaged ? look : undefined}
                onChange={mayChange && !file.damaged ? () => setChanging(file) : undefined}
                onRemove={mayChange ? () => remove(file) : undefined}
              />
            ))}
          </ul>
        )}
        {files.length > 0 && !mayOpen && <p className={styles.hint}>{t("mayNotOpen")}</p>}
        {mayChange && (
          <p className={styles.hint}>
            <span className={styles.mouseOnly}>{t("limits")}</span>
            <span className={styles.touchOnly}>{t("limitsPhone")}</span>
          </p>
        )}
        {mayChange && data && data.removed.length > 0 && <Removed files={data.removed} onRestore={restore} />}
      </Panel>
      {over && (
        <div className={styles.veil} aria-hidden>
          {t("drop")}
        </div>
      )}
      {changing && <ChangeDialog dealer={dealer} customer={customer.id} file={files.find(({ id }) => id === changing.id) ?? changing} onClose={() => setChanging(null)} />}
      {shown && <Preview opened={shown} onClose={() => setShown(null)} />}
    </div>
  );
}

// Adds files to a lead, from its card.
export function AttachToLead({ lead, uploads }: { lead: string; uploads: Uploads }) {
  const t = useTexts(texts);
  return <Chooser onFiles={(files) => uploads.add(files, { kind: "lead", id: lead })}>{(choose) => <IconButton small icon={Paperclip} label={t("addToLead")} onClick={choose} />}</Chooser>;
}

function Chooser({ camera, onFiles, children }: { camera?: boolean; onFiles: (files: File[]) => void; children: (choose: () => void) => ReactElement }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      {children(() => input.current?.click())}
      <input
        ref={input}
        type="file"
        hidden
        accept={camera ? "image/*" : kAccept}
        {...(camera ? { capture: "environment" as const } : { multiple: true })}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
    </>
  );
}

// What the server will refuse again, however often it is sent, is not offered to be sent again.
const mayPass = ({ status }: ApiError) => status === 0 || status === 429 || status >= 500;

function OnTheirWay({ uploads }: { uploads: Uploads }) {
  const t = useTexts(texts);
  if (uploads.sending.length === 0) return null;
  return (
    <ul className={styles.list} aria-live="polite">
      {uploads.sending.map(({ key, name, file, share, refused, error }) => (
        <li key={key} className={styles.sending}>
          <span className={styles.sendingHead}>
            <b className={styles.sendingName} title={name}>
              {name}
            </b>
            {!refused && !error && <span className={styles.meta}>{share < 1 ? `${formatNumber(share, { shift: 2 })}%` : t("keeping")}</span>}
            {error && mayPass(error) && (
              <Button small onClick={() => uploads.again(key)}>
                {t("again")}
              </Button>
            )}
            <Button small kind="ghost" onClick={() => uploads.stop(key)}>
              {refused || error ? t("dismiss") : t("stop")}
            </Button>
          </span>
          {!refused && !error && <ProgressBar value={share < 1 ? share : null} label={t("sending", { name })} />}
          {refused && <Banner kind="bad">{t(`refuse_${refused}`, { size: formatBytes(file.size) })}</Banner>}
          {error && <Trouble error={error} />}
        </li>
      ))}
    </ul>
  );
}

// What a rule forbids is said in two sentences; what went wrong, with what helps to find out why.
function Trouble({ error }: { error: ApiError }) {
  const language = useLanguage();
  return mayPass(error) ? <ErrorState small error={error} /> : <Banner kind="bad">{[error.title, error.todo].filter(Boolean).join(language === "zh" ? "" : " ")}</Banner>;
}

interface LineProps {
  file: Attachment;
  busy: boolean;
  error: ApiError | null; // of what was last done with it
  reason: Reason | undefined;
  onOpen: ((file: Attachment, reason: Reason) => void) | undefined;
  onChange: (() => void) | undefined;
  onRemove: (() => void) | undefined;
}
function Line({ file, busy, error, reason, onOpen, onChange, onRemove }: LineProps) {
  const t = useTexts(texts);
  const c = useTexts(customerTexts);
  const language = useLanguage();
  const Icon = file.damaged ? FileX : kIcons[shapeOf(file.type)];
  const called = file.damaged ? t("damagedName") : file.name;
  const name = (
    <button type="button" className={styles.name} disabled={busy} aria-label={t("openNamed", { name: file.name })} title={file.name} {...(reason && onOpen ? { onClick: () => onOpen(file, reason) } : {})}>
      {file.name}
    </button>
  );
  return (
    <>
      <li className={styles.line} aria-busy={busy || undefined}>
        <Icon size={18} strokeWidth={1.6} aria-hidden className={styles.icon} />
        <span className={styles.words}>
          <span className={styles.nameLine}>
            {!onOpen ? (
              <span className={styles.nameOnly} title={called}>
                {called}
              </span>
            ) : reason ? (
              name
            ) : (
              <Menu align="start" trigger={name} items={[{ heading: t("whyOpen") }, ...kReasons.map((because) => ({ id: because, label: c(`why_${because}`), run: () => onOpen(file, because) }))]} />
            )}
            {file.owner.kind === "lead" && <Tag>{t("ofLead")}</Tag>}
            {file.damaged && <Tag tone="bad">{t("damaged")}</Tag>}
          </span>
          {file.damaged && <span className={styles.description}>{t("damagedNote")}</span>}
          {file.description && <span className={styles.description}>{file.description}</span>}
          <span className={styles.meta}>{[typeName(file.type), formatBytes(file.size), formatInstant(file.added_at, language), file.added_by].filter(Boolean).join(" · ")}</span>
        </span>
        {(onChange || onRemove) && (
          <Menu
            trigger={<IconButton small icon={Ellipsis} label={t("more", { name: called })} tip={false} />}
            items={[
              ...(onChange ? [{ id: "rename", label: t("rename"), icon: <Pencil size={14} aria-hidden />, run: onChange }] : []),
              ...(onRemove ? [{ id: "remove", label: t("remove"), icon: <Trash2 size={14} aria-hidden />, danger: true, run: onRemove }] : []),
            ]}
          />
        )}
      </li>
      {error && (
        <li className={styles.trouble}>
          <Trouble error={error} />
        </li>
      )}
    </>
  );
}

function Removed({ files, onRestore }: { files: Attachment[]; onRestore: (file: Attachment) => void }) {
  const t = useTexts(texts);
  const language = useLanguage();
  const called = (file: Attachment) => (file.damaged ? t("damagedName") : file.name);
  return (
    <details className={styles.removed}>
      <summary>{t("removedLately", { n: formatNumber(files.length) })}</summary>
      <ul className={styles.list}>
        {files.map((file) => (
          <li key={file.id} className={styles.line}>
            <span className={styles.words}>
              <span className={styles.nameOnly} title={called(file)}>
                {called(file)}
              </span>
              <span className={styles.meta}>
                {file.restore_until
                  ? t("restoreUntil", { by: file.removed_by ?? "", at: formatInstant(file.removed_at ?? "", language), until: formatDay(file.restore_until.slice(0, 10), language) })
                  : t("restoreKept", { by: file.removed_by ?? "", at: formatInstant(file.removed_at ?? "", language) })}
              </span>
            </span>
            <Button small icon={RotateCcw} aria-label={t("restoreNamed", { name: called(file) })} onClick={() => onRestore(file)}>
              {t("restore")}
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}

// The picture as it was read: what is saved from here is not read a second time.
function Preview({ opened, onClose }: { opened: Opened; onClose: () => void }) {
  const t = useTexts(texts);
  const [source, setSource] = useState("");
  useEffect(() => {
    const url = URL.createObjectURL(opened.blob);
    setSource(url);
    return () => URL.revokeObjectURL(url);
  }, [opened]);
  return (
    <Dialog
      open
      wide
      onOpenChange={(next) => !next && onClose()}
      title={opened.attachment.name}
      note={opened.attachment.description || undefined}
      footer={
        <>
          <Button icon={Download} onClick={() => saveFile(opened.blob, opened.name)}>
            {t("download")}
          </Button>
          <Button kind="primary" onClick={onClose}>
            {t("close")}
          </Button>
        </>
      }
    >
      <div className={styles.picture}>{source && <img src={source} alt={opened.attachment.name} />}</div>
    </Dialog>
  );
}

function ChangeDialog({ dealer, customer, file, onClose }: { dealer: Dealer; customer: string; file: Attachment; onClose: () => void }) {
  const t = useTexts(texts);
  const form = useId();
  const [name, setName] = useState(file.name);
  const [description, setDescription] = useState(file.description);
  const change = useChange(dealer.id, customer);
  const missing = name.trim() === "";
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={t("renameTitle")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" form={form} busy={change.isPending} disabled={missing}>
            {t("save")}
          </Button>
        </>
      }
    >
      <form
        id={form}
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!missing) change.mutate({ attachment: file, name, description }, { onSuccess: onClose });
        }}
      >
        <Field label={t("name")} error={missing ? t("nameMissing") : undefined}>
          <TextInput value={name} onChange={setName} maxLength={200} autoComplete="off" />
        </Field>
        <Field label={t("description")} hint={t("descriptionHint")} optional>
          <TextArea value={description} onChange={setDescription} maxLength={500} />
        </Field>
        {change.error && (change.error.code === "edit_conflict" ? <Banner kind="warn">{t("conflict", { by: String(change.error.args?.by ?? "") })}</Banner> : <ErrorState small error={change.error} />)}
      </form>
    </Dialog>
  );
}

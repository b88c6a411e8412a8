import { KeyRound, Languages, LogOut, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { useSession, useSignOut } from "@/api";
import { ChangePasswordDialog } from "@/features/account/ChangePassword";
import { useTexts } from "@/i18n";
import { useGo } from "@/state/page";
import { useSetting } from "@/state/settings";
import { Menu, toast, errorTitle, type MenuItem } from "@/ui";
import { appTexts } from "./texts";
import { useSwitchLanguage } from "./TopBar";
import styles from "./UserMenu.module.css";

export function UserMenu({ phone = false }: { phone?: boolean }) {
  const t = useTexts(appTexts);
  const { data } = useSession();
  const [theme, setTheme] = useSetting("theme");
  const [density, setDensity] = useSetting("density");
  const [colours, setColours] = useSetting("deltaColours");
  const [keys, setKeys] = useSetting("singleKeys");
  const [password, setPassword] = useState(false);
  const signOut = useSignOut();
  const switchLanguage = useSwitchLanguage();
  const go = useGo();
  if (!data) return null;
  const { account } = data;
  const name = account.name || account.login;

  const items: MenuItem[] = [
    ...(phone ? [{ id: "language", label: t("language"), icon: <Languages size={14} aria-hidden />, run: switchLanguage }] : []),
    {
      id: "theme",
      label: t("theme"),
      value: theme,
      options: [
        { value: "system", label: t("themeSystem") },
        { value: "light", label: t("themeLight") },
        { value: "dark", label: t("themeDark") },
      ],
      choose: (value) => setTheme(value as typeof theme),
    },
    {
      id: "density",
      label: t("density"),
      value: density,
      options: [
        { value: "dense", label: t("dense") },
        { value: "comfortable", label: t("comfortable") },
      ],
      choose: (value) => setDensity(value as typeof density),
    },
    {
      id: "colours",
      label: t("deltaColours"),
      value: colours,
      options: [
        { value: "default", label: t("deltaDefault") },
        { value: "red-up", label: t("deltaRedUp") },
        { value: "green-up", label: t("deltaGreenUp") },
      ],
      choose: (value) => setColours(value as typeof colours),
    },
    ...(phone
      ? []
      : [
          {
            id: "keys",
            label: t("singleKeys"),
            value: keys,
            options: [
              { value: "on", label: t("on") },
              { value: "off", label: t("off") },
            ],
            choose: (value: string) => setKeys(value as typeof keys),
          },
        ]),
    "line",
    { id: "security", label: t("security"), icon: <ShieldCheck size={14} aria-hidden />, run: () => go({ to: "/security" }) },
    { id: "password", label: t("changePassword"), icon: <KeyRound size={14} aria-hidden />, run: () => setPassword(true) },
    {
      id: "out",
      label: t("signOut"),
      icon: <LogOut size={14} aria-hidden />,
      run: () => signOut.mutate(undefined, { onError: (error) => toast(errorTitle(error), { kind: "bad" }) }),
    },
    ...(data.version ? ["line" as const, { heading: t("version", { version: data.version }) }] : []),
  ];
  return (
    <>
      <Menu
        align="start"
        side="top"
        trigger={
          <button type="button" className={styles.user}>
            <span className={styles.avatar} aria-hidden>
              {[...name][0]?.toUpperCase()}
            </span>
            <span className={styles.words}>
              <span className={styles.name}>{name}</span>
              <span className={styles.role}>{t(account.role)}</span>
              <span className="sr-only">{t("userMenu")}</span>
            </span>
          </button>
        }
        items={items}
      />
      {password && <ChangePasswordDialog open onOpenChange={setPassword} />}
    </>
  );
}

import { Activity, Calculator, KeyRound, Network, Table2, Users } from "lucide-react";
import { definePages } from "@/state/page";

export const pages = definePages(
  {
    id: "org",
    path: "/admin/org",
    title: { zh: "组织", en: "Organisation" },
    load: () => import("./org/OrgPage"),
    nav: { group: "settings", order: 10, icon: Network },
    key: "o",
    admin: true,
    bar: [],
  },
  {
    id: "own-kpis",
    path: "/admin/kpis",
    title: { zh: "自有指标", en: "Own KPIs" },
    load: () => import("./kpis/KpisPage"),
    nav: { group: "settings", order: 20, icon: Calculator },
    admin: true,
    bar: ["scope", "period"],
  },
  {
    id: "readings",
    right: "record",
    path: "/admin/readings",
    title: { zh: "读数", en: "Readings" },
    load: () => import("./readings/ReadingsPage"),
    nav: { group: "settings", order: 30, icon: Table2 },
    bar: ["scope", "period"],
  },
  {
    id: "accounts",
    path: "/admin/accounts",
    title: { zh: "账户", en: "Accounts" },
    load: () => import("./access/AccountsPage"),
    nav: { group: "settings", order: 40, icon: Users },
    admin: true,
    bar: [],
  },
  {
    id: "tokens",
    path: "/admin/tokens",
    title: { zh: "API 令牌", en: "API tokens" },
    load: () => import("./access/TokensPage"),
    nav: { group: "settings", order: 50, icon: KeyRound },
    bar: [],
  },
  {
    id: "about",
    path: "/admin/about",
    title: { zh: "系统状态", en: "System" },
    load: () => import("./access/AboutPage"),
    nav: { group: "settings", order: 60, icon: Activity },
    bar: [],
  },
);

import { ClipboardCheck, PhoneCall, ShieldCheck, SquareKanban, UserRound } from "lucide-react";
import { definePages } from "@/state/page";

const title = { zh: "客户", en: "Customers" };

export const pages = definePages(
  {
    id: "customers",
    path: "/customers",
    right: "customers",
    title,
    load: () => import("./ListPage"),
    nav: { group: "sales", order: 10, icon: UserRound },
    tab: { order: 15 },
    key: "c",
    bar: ["scope"],
  },
  {
    id: "customer",
    path: "/customers/$id",
    right: "customers",
    title,
    load: () => import("./CustomerPage"),
    bar: ["scope"],
  },
  {
    id: "customer-imports",
    path: "/customers/import",
    right: "change",
    title: { zh: "导入客户", en: "Import customers" },
    load: () => import("./import/ImportsPage"),
    bar: ["scope"],
  },
  {
    id: "customer-import",
    path: "/customers/import/$id",
    right: "change",
    title: { zh: "导入客户", en: "Import customers" },
    load: () => import("./import/ImportPage"),
    bar: ["scope"],
  },
  {
    id: "leads",
    path: "/leads",
    right: "customers",
    title: { zh: "线索看板", en: "Leads board" },
    load: () => import("./BoardPage"),
    nav: { group: "sales", order: 20, icon: SquareKanban },
    key: "l",
    bar: ["scope"],
  },
  {
    id: "verify",
    path: "/verify",
    right: "verify",
    title: { zh: "电话核实", en: "Verify leads" },
    load: () => import("./verify/VerifyPage"),
    nav: { group: "sales", order: 25, icon: PhoneCall },
    bar: ["scope"],
  },
  {
    id: "spot-checks",
    path: "/spot-checks",
    right: "check",
    title: { zh: "档案抽查", en: "Spot checks" },
    load: () => import("./checks/ChecksPage"),
    nav: { group: "sales", order: 30, icon: ClipboardCheck },
    bar: ["scope"],
  },
  {
    id: "privacy",
    path: "/privacy",
    right: "privacy",
    title: { zh: "个人信息", en: "Personal data" },
    load: () => import("./privacy/PrivacyPage"),
    nav: { group: "sales", order: 40, icon: ShieldCheck },
    bar: ["scope"],
  },
);

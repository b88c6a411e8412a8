import { BookOpen } from "lucide-react";
import { definePages } from "@/state/page";

const title = { zh: "指标手册", en: "KPI handbook" };
const load = () => import("./HandbookPage");

export const pages = definePages(
  { id: "handbook", path: "/handbook", title, load, nav: { group: "analyse", order: 30, icon: BookOpen }, tab: { order: 25, label: { zh: "手册", en: "Handbook" } }, key: "h" },
  { id: "handbook-kpi", path: "/handbook/$kpi", title, load },
);

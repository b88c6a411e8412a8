import { Gauge } from "lucide-react";
import { definePages } from "@/state/page";

export const pages = definePages({
  id: "dashboard",
  path: "/dashboard",
  title: { zh: "看板", en: "Dashboard" },
  load: () => import("./DashboardPage"),
  nav: { group: "analyse", order: 10, icon: Gauge },
  tab: { order: 10 },
  key: "d",
});

import { Gauge } from "lucide-react";
import { definePages } from "@/state/page";
import DashboardPage from "./DashboardPage";
import { prefetchShown } from "./data";

// The home page comes with the application: it is what nearly everybody opens.
export const pages = definePages({
  id: "dashboard",
  path: "/dashboard",
  right: "reports",
  title: { zh: "看板", en: "Dashboard" },
  load: async () => ({ default: DashboardPage }),
  prefetch: prefetchShown,
  nav: { group: "analyse", order: 10, icon: Gauge },
  tab: { order: 10 },
  key: "d",
});

import { ChartNoAxesCombined } from "lucide-react";
import { definePages } from "@/state/page";

export const pages = definePages({
  id: "explore",
  path: "/explore",
  right: "reports",
  title: { zh: "自助分析", en: "Explore" },
  load: () => import("./ExplorePage"),
  nav: { group: "analyse", order: 20, icon: ChartNoAxesCombined },
  tab: { order: 20 },
  key: "e",
});

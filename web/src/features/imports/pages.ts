import { Upload } from "lucide-react";
import { definePages } from "@/state/page";

export const pages = definePages(
  {
    id: "imports",
    path: "/import",
    right: "import",
    title: { zh: "导入", en: "Import" },
    load: () => import("./ImportsPage"),
    nav: { group: "data", order: 10, icon: Upload },
    tab: { order: 30 },
    key: "i",
    bar: ["scope"],
  },
  {
    id: "import",
    path: "/import/$id",
    right: "import",
    title: { zh: "导入", en: "Import" },
    load: () => import("./ImportPage"),
    bar: ["scope"],
  },
);

import { definePages } from "@/state/page";

export const pages = definePages({
  id: "security",
  path: "/security",
  title: { zh: "登录与安全", en: "Sign-in and security" },
  load: () => import("./SecurityPage"),
  bar: [],
});

import { defineTexts } from "@/i18n";

export const texts = defineTexts("signin", {
  title: { zh: "登录", en: "Sign in" },
  lead: { zh: "经销商销售过程，一本账说清楚。", en: "The dealer’s sales process, on one ledger." },
  login: { zh: "账户名", en: "Account" },
  password: { zh: "密码", en: "Password" },
  submit: { zh: "登录", en: "Sign in" },
  first: { zh: "第一次启动时，服务器在终端里打印管理员的一次性密码。", en: "At its first start the server prints the administrator’s one-time password in the terminal." },
  signedOut: { zh: "你已退出。", en: "You are signed out." },
  missing: { zh: "填上账户名和密码。", en: "Enter account and password." },
  leave: { zh: "换个账户", en: "Use another account" },
});

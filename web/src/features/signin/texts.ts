import { defineTexts } from "@/i18n";

export const texts = defineTexts("signin", {
  title: { zh: "登录", en: "Sign in" },
  lead: { zh: "经销商销售过程，一本账说清楚。", en: "The dealer’s sales process, on one ledger." },
  login: { zh: "账户名", en: "Account" },
  password: { zh: "密码", en: "Password" },
  codeTitle: { zh: "输入验证码", en: "Enter the code" },
  code: { zh: "验证码", en: "Code" },
  codeHint: { zh: "验证器应用里 {login} 的 6 位数字。", en: "The six digits that your authenticator app shows for {login}." },
  recovery: { zh: "恢复码", en: "Recovery code" },
  recoveryHint: { zh: "设置时保存的 10 个恢复码之一，每个只能用一次。", en: "One of the ten that you kept when setting it up; each is good once." },
  codeMissing: { zh: "填上验证码。", en: "Enter the code." },
  useRecovery: { zh: "手机不在？用恢复码", en: "No phone? Use a recovery code" },
  useApp: { zh: "用验证器应用", en: "Use the app" },
  lost: { zh: "两样都没有：请管理员重置两步验证。", en: "Neither at hand: an administrator can reset the second factor." },
  back: { zh: "返回", en: "Back" },
  submit: { zh: "登录", en: "Sign in" },
  first: { zh: "第一次启动时，服务器在终端里打印管理员的一次性密码。", en: "At its first start the server prints the administrator’s one-time password in the terminal." },
  signedOut: { zh: "你已退出。", en: "You are signed out." },
  missing: { zh: "填上账户名和密码。", en: "Enter account and password." },
  leave: { zh: "换个账户", en: "Use another account" },
});

import { defineTexts } from "@/i18n";

export const texts = defineTexts("account", {
  change: { zh: "改密码", en: "Change password" },
  forced: { zh: "设一个自己的密码", en: "Set your own password" },
  forcedNote: { zh: "你用的是一次性密码。设好自己的密码再继续。", en: "You signed in with a one-time password. Set your own to go on." },
  current: { zh: "现在的密码", en: "Current password" },
  oneTime: { zh: "一次性密码", en: "One-time password" },
  next: { zh: "新密码", en: "New password" },
  hint: { zh: "至少 {min} 个字。长比花样重要，可以是一句话；可以粘贴。", en: "At least {min} characters. Long beats complicated; a sentence is fine; pasting works." },
  length: { zh: "{n} 个字", en: { one: "{n} character", other: "{n} characters" } },
  longEnough: { zh: "够长", en: "long enough" },
  short: { zh: "还差 {n} 个字", en: "{n} more" },
  missing: { zh: "填上现在的密码。", en: "Enter the current password." },
  tooShort: { zh: "新密码只有 {n} 个字，至少 {min} 个。", en: "The new password has {n} characters; it needs {min}." },
  same: { zh: "新密码和现在的一样。", en: "The new password is the current one." },
  others: { zh: "其它设备上的登录会结束。", en: "Sessions on other devices end." },
  save: { zh: "保存密码", en: "Save password" },
  saved: { zh: "密码已改。", en: "Password changed." },
  signOut: { zh: "退出", en: "Sign out" },
});

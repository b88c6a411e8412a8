import { defineTexts } from "@/i18n";

export const verifyTexts = defineTexts("verify", {
  title: { zh: "电话核实", en: "Verify leads" },
  lead: { zh: "{dealer}有 **{n}** 条线索待电话核实。", en: { one: "**{n}** lead of {dealer} is to be verified by telephone.", other: "**{n}** leads of {dealer} are to be verified by telephone." } },
  leadNone: { zh: "{dealer}的线索都已核实。", en: "All leads of {dealer} are verified." },
  due: { zh: "待核实", en: "To verify" },
  called: { zh: "已核实", en: "Verified" },
  empty: { zh: "没有待核实的线索。新录入的线索会出现在这里。", en: "Nothing to verify. Leads that are entered appear here." },
  emptyCalled: { zh: "还没有核实过线索。", en: "No lead has been verified yet." },
  own: { zh: "自己的线索由别人核实", en: "Your own: for others to verify" },
  noContact: { zh: "客户要求不联系", en: "Asked not to be contacted" },
  show: { zh: "显示号码", en: "Show number" },
  calls: { zh: "已拨 {n} 次", en: { one: "Called once", other: "Called {n} times" } },
  expected: { zh: "预计 {day}", en: "Expected {day}" },
  by: { zh: "{by}，{at}", en: "{by}, {at}" },
  h_confirmed: { zh: "确认为潜客", en: "Confirmed" },
  h_no_answer: { zh: "没接通", en: "No answer" },
  h_not_interested: { zh: "没有意向", en: "Not interested" },
  h_wrong_number: { zh: "号码不对", en: "Wrong number" },
  saved: { zh: "已记录：{heard}", en: "Recorded: {heard}" },
  shown: { zh: "显示前 {n} 条", en: "The first {n} are shown" },
  again: { zh: "改结果", en: "Change" },
});

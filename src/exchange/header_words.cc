#include "exchange/header_words.h"

#include "base/text.h"

namespace dealpace::exchange {

const Words& FieldHeaders() {
  static const Words kHeaders = {
      {"event", {"事件", "事件类型", "动作", "event type", "event name", "activity"}},
      {"at", {"date", "day", "time", "datetime", "timestamp", "日期", "时间", "发生日期", "发生时间", "业务日期"}},
      {"dealer",
       {"店", "门店", "经销商", "店名", "门店名称", "门店编号", "经销商名称", "经销商代码", "4s店", "专营店", "网点",
        "store", "shop", "dealership", "dealer code", "dealer name", "dealer id"}},
      {"region", {"大区", "区域", "区域名称", "片区", "area", "regional office"}},
      {"team", {"小组", "组别", "销售组", "团队", "sales team", "group"}},
      {"staff",
       {"销售顾问",    "顾问",  "销售员",   "业务员", "接待顾问", "接待人",     "接待人员",         "销售人员",
        "顾问姓名",    "姓名",  "销售",     "员工",   "导购",     "consultant", "sales consultant", "salesperson",
        "sales agent", "agent", "employee", "owner",  "actor",    "sales rep",  "advisor"}},
      {"lead", {"线索",    "线索编号",    "线索id",         "客户编号",    "客户id",      "商机编号",   "潜客编号",
                "档案号",  "登记号",      "登记编号",       "客户号",      "线索号",      "商机号",     "lead id",
                "lead no", "opportunity", "opportunity id", "customer id", "customer no", "prospect id"}},
      {"attempt", {"第几次", "尝试", "try"}},
      {"source",
       {"来源", "客户来源", "线索来源", "流量来源", "渠道来源", "信息来源", "获知渠道", "lead source",
        "traffic source"}},
      {"access_form",
       {"访问形式", "来访形式", "接触方式", "来访方式", "到店方式", "方式", "access", "contact form", "visit type"}},
      {"channel", {"渠道", "销售渠道", "来源明细", "sales channel"}},
      {"model",
       {"车型", "意向车型", "意向车系", "成交车型", "购买车型", "产品", "商品", "商品id", "车系", "product", "vehicle",
        "car model", "series"}},
      {"customer_type", {"客户类型", "客户类别", "客户等级", "customer class", "customer category"}},
      {"campaign", {"活动", "市场活动", "活动名称", "campaign name"}},
      {"stage", {"阶段", "销售阶段", "当前阶段", "sales stage"}},
      {"reason", {"原因", "战败原因", "失败原因", "loss reason", "lost reason", "code"}},
      {"count", {"数量", "次数", "件数", "台数", "人数", "qty", "quantity", "number", "pieces"}},
      {"amount",
       {"金额", "成交金额", "合同金额", "订单金额", "销售额", "成交价", "value", "close value", "price", "revenue",
        "deal amount", "contract value"}},
      {"measure", {"指标", "度量", "metric", "kpi"}},
      {"value", {"数值", "值", "读数", "reading"}},
  };
  return kHeaders;
}

const Words& EventHeaders() {
  static const Words kHeaders = {
      {"lead", {"线索创建", "线索建立", "建立", "创建", "created", "create", "lead created"}},
      {"traffic", {"到店", "来店", "来访", "进店", "集客", "arrival", "visit", "first visit"}},
      {"first_contact", {"初次接触", "首次接触", "接待", "首次跟进", "first contact"}},
      {"captured", {"留档", "建档", "留资", "建卡", "capture", "captured", "engage", "engaged"}},
      {"needs", {"需求分析", "弄清需求", "needs analysis"}},
      {"presented", {"新车展示", "产品介绍", "展示", "presentation"}},
      {"td_invited", {"邀约试驾", "试驾邀约", "test drive invitation"}},
      {"test_drive", {"试驾", "试乘试驾", "试车", "test drive"}},
      {"proposal", {"报价", "quotation", "quote"}},
      {"deal", {"成交", "下单", "订单", "签单", "签约", "下订", "合同", "order", "deal", "signed", "won", "sold"}},
      {"invoice", {"开票", "发票", "销售开票", "invoice"}},
      {"delivered", {"交车", "交付", "提车", "delivery", "delivered"}},
      {"lost", {"战败", "流失", "失败", "输单", "lost", "loss"}},
  };
  return kHeaders;
}

std::string NormalHeader(std::string_view text) {
  std::string out;
  for (const char c : ToLower(Trim(text))) {
    if (c != ' ' && c != '_' && c != '-' && c != '.' && c != ':' && c != '*') out += c;
  }
  return ReplaceAll(ReplaceAll(out, "：", ""), "　", "");
}

std::string DateStem(const std::string& normal_header) {
  for (const std::string_view suffix : {"日期时间", "日期", "时间", "日", "datetime", "date", "time", "day", "at"}) {
    if (normal_header.size() > suffix.size() && normal_header.ends_with(suffix)) {
      return normal_header.substr(0, normal_header.size() - suffix.size());
    }
  }
  return {};
}

std::string EventNamed(const std::string& normal_name, const catalog::Catalog& catalog) {
  if (normal_name.empty()) return {};
  for (const auto& [event, names] : EventHeaders()) {
    for (const std::string_view name : names) {
      if (NormalHeader(name) == normal_name) return std::string(event);
    }
  }
  for (const std::string& id : catalog.RecordableEvents()) {
    const catalog::Event& event = catalog.events()[static_cast<size_t>(catalog.FindEvent(id))];
    if (NormalHeader(id) == normal_name || NormalHeader(event.name.en) == normal_name ||
        NormalHeader(event.name.zh) == normal_name) {
      return id;
    }
  }
  return {};
}

}  // namespace dealpace::exchange

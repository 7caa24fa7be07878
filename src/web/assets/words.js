// How the pages for staff say what the API says in codes.

export const EMOTIONS = {
  calm: "平静", hesitant: "犹豫", anxious: "焦虑", dissatisfied: "不满", angry: "愤怒", disappointed: "失望", urgent: "着急", pleased: "愉快",
};

export const REASONS = {
  asked_for_person: "顾客要求人工", strong_words: "强烈措辞", unresolved_turns: "多轮未解决", complex_after_sale: "复杂售后",
  no_evidence: "资料里没有答案", not_understood: "没有听懂", guard_refused: "回答被拦下", unavailable: "系统不可用",
};

export const REFUSALS = {
  number_not_in_evidence: "数字没有依据", money_source: "金额来源不对", action_not_done: "事情还没做", claim_not_in_evidence: "说法没有依据",
  contradicts_evidence: "与资料相反", condition_dropped: "漏了条件", not_answered: "答非所问", promise_not_backed: "承诺没有依据", red_line: "触碰红线",
  private_data: "涉及隐私", prompt_leak: "泄露提示词", goal_order: "顺序不对",
};

export const ACTION_STATES = {
  requested: "待办", confirmed: "顾客已确认", running: "在办", overdue: "到点没结果", done: "办成", failed: "没办成", cancelled: "不用办了",
};

export const PROMISE_STATES = { open: "未到点", renegotiated: "改过一次时间", kept: "已兑现", broken: "没兑现" };

export const FLOW_STATES = { open: "进行中", done: "办完了", cancelled: "不办了", expired: "顾客没有回复，已停下", with_people: "转给同事" };

export const FLOW_PARTIES = { customer: "顾客", shop: "店里", carrier: "快递" };

export const SYSTEM_STEPS = {
  asked: "收到", answered: "答复", reported: "报回结果", wrote: "写回记录", refused: "不认", trouble: "没送到",
};

export const ACTION_NAMES = {
  trace_parcel: "查件", urge_dispatch: "催仓库发货", urge_parcel: "催派送", intercept: "拦截包裹", change_address: "改收货地址",
  change_phone: "改收货电话", cancel_order: "取消订单", reserve_stock: "留货", invoice: "开票", price_protection: "价保补差",
  register_gift: "补赠品", reissue: "补发", return_refund: "退货退款", exchange: "换货", repair: "维修",
};

// What the demo page says, in Chinese and English.

const WORDS = {
  "zh-CN": {
    skip: "跳到内容", pages: "页面", shelf: "逛逛", orders: "我的订单", cart: "购物车", desk: "客服工作台", other: "English",
    stage: "演示台", stageHint: "商品、订单和顾客都是虚构的", talkAs: "以谁的身份逛", visitor: "访客（未登录）", visitorAbout: "访客看不到任何订单信息。",
    ask: "试着问", told: "告诉客服的事", toldHint: "同一件商品隔一会儿再看几次，或者加购后离开，看看客服会不会主动开口。",
    toldNothing: "还没有发生什么。", nudged: "客服主动开口", clock: "时间", clockNote: "往前拨，看到点的提醒和回访。",
    clockKey: "拨时间需要下面“工作人员”里的密钥。", clockAbsent: "这个服务没有打开测试时钟。", clockFailed: "时间没有拨动：",
    system: "店里系统的记录", systemHint: "查件、催发、留货、售后交给店里自己的系统去办。这里是它被问了什么、做了什么，最新的在上面。",
    systemNothing: "还没有人找它办事。", staff: "工作人员", key: "密钥（启动时印在终端里）", use: "使用",
    withKey: "正在使用密钥：每句话下面显示目标、来源和依据，也可以拨时间、发生订单事件。", withoutKey: "没有密钥时看到的与顾客一样。",
    heroTitle: "安心选，暖心问", heroText: "商品、订单、物流、售后，有任何疑问都可以直接问客服。", heroAsk: "问问客服",
    shelfTitle: "店里在卖", more: "显示更多", back: "返回", stock: (n) => (n > 0 ? `现货 ${n} 件` : "暂时缺货"), add: "加入购物车", askThis: "问问这件",
    productStarters: "还有货吗|能便宜点吗|今天下单什么时候发货", seen: (n) => `您看过 ${n} 次`, added: "已加入购物车", notFound: "没有这件商品。",
    cartTitle: "购物车", cartEmpty: "购物车还是空的。", remove: "删除", total: "合计", leave: "先不买了，离开", pay: "去结算",
    payNote: "演示里不能真的下单；离开购物车会告诉客服。", left: "已离开购物车", pieces: (n) => `${n} 件`,
    ordersTitle: "我的订单", ordersVisitor: "登录后才能看到订单。在演示台里选一位顾客。", ordersNone: "这位顾客没有订单。", askOrder: "问问这一单",
    orderStarters: "我的订单到哪了|能退货吗|改一下收货地址", report: (name) => `报告：${name}`, eventNote: "订单里发生的事由店里系统报告；填入“工作人员”密钥后可以在这里替它报告。",
    reported: "已报告", reportFailed: "没有报告成功：", placed: "下单", script: "这个页面需要 JavaScript。", suffix: "在线客服",
    steps: { pay: "付款", send: "发货", arrive: "签收" }, stepFailed: "这一单走不到下一步",
    events: { product_viewed: "看了商品", search: "搜索", cart_added: "加入购物车", cart_left: "离开购物车", order_placed: "已下单", order_paid: "已付款", order_shipped: "已发货", shipment_event: "物流有动静", order_delivered: "已签收" },
    questions: ["什么时候发货？", "支持七天无理由退货吗？", "转人工"],
  },
  en: {
    skip: "Skip to content", pages: "Pages", shelf: "Shop", orders: "My orders", cart: "Cart", desk: "Desk", other: "中文",
    stage: "Stage", stageHint: "Products, orders and customers are invented", talkAs: "Visit as", visitor: "Visitor (not signed in)", visitorAbout: "A visitor sees no orders.",
    ask: "Try asking", told: "What support was told", toldHint: "Come back to one product a few times, or leave a filled cart, and see whether support speaks first.",
    toldNothing: "Nothing has happened yet.", nudged: "Support speaks first", clock: "Time", clockNote: "Move it on to see reminders and follow-ups.",
    clockKey: "Moving the time needs the key, under “Staff” below.", clockAbsent: "This server has no test clock.", clockFailed: "The time was not moved: ",
    system: "The shop's own system", systemHint: "Parcels, urging, reserving and returns are done by the shop's own system. This is what it was asked and did, the latest first.",
    systemNothing: "Nobody has asked it for anything yet.", staff: "Staff", key: "Key (printed in the terminal)", use: "Use",
    withKey: "With the key, every sentence shows its goal, source and evidence; time and orders can be moved.", withoutKey: "Without a key you see what customers see.",
    heroTitle: "Choose calmly, ask freely", heroText: "Products, orders, parcels, returns: just ask.", heroAsk: "Ask support",
    shelfTitle: "On the shelf", more: "Show more", back: "Back", stock: (n) => (n > 0 ? `${n} in stock` : "Out of stock"), add: "Add to cart", askThis: "Ask about this",
    productStarters: "还有货吗|能便宜点吗|今天下单什么时候发货", seen: (n) => `Seen ${n} times`, added: "Added to the cart", notFound: "There is no such product.",
    cartTitle: "Cart", cartEmpty: "The cart is empty.", remove: "Remove", total: "Total", leave: "Leave without buying", pay: "Check out",
    payNote: "Nothing can be bought in the demo; leaving the cart is told to support.", left: "You left the cart", pieces: (n) => `${n} pcs`,
    ordersTitle: "My orders", ordersVisitor: "Orders are shown to those who have signed in: choose a customer on the stage.", ordersNone: "This customer has no orders.", askOrder: "Ask about this order",
    orderStarters: "我的订单到哪了|能退货吗|改一下收货地址", report: (name) => `Report: ${name}`, eventNote: "What happens to orders is reported by the shop's systems; with the key under “Staff” you can report it here.",
    reported: "Reported", reportFailed: "Not reported: ", placed: "Placed", script: "This page needs JavaScript.", suffix: "Support",
    steps: { pay: "Pay", send: "Send", arrive: "Deliver" }, stepFailed: "This order does not go on by itself",
    events: { product_viewed: "Viewed", search: "Searched", cart_added: "Added to cart", cart_left: "Left the cart", order_placed: "placed", order_paid: "paid", order_shipped: "shipped", shipment_event: "parcel moved", order_delivered: "delivered" },
    questions: ["什么时候发货？", "支持七天无理由退货吗？", "转人工"],
  },
};

const asked = new URLSearchParams(location.search).get("lang");
/** The language of the page: Chinese, or English if the address asks for it. */
export const LANGUAGE = asked === "en" ? "en" : "zh-CN";
export const T = WORDS[LANGUAGE];

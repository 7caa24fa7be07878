//! Where in a purchase is the customer? Words that tell it by themselves: what was done, what is only considered.
//!
//! "拍了", "收到", "买的话" say more about the stage than about the topic, and they go on saying it some messages later.

use std::sync::LazyLock;

use regex::Regex;

use crate::turn::types::Stage;

macro_rules! expression {
    ($name:ident, $source:expr) => {
        static $name: LazyLock<Regex> = LazyLock::new(|| Regex::new($source).expect("a fixed expression"));
    };
}

expression!(
    CONSIDERING,
    r"现在(?:拍|买|下单|付款?)|(?:买|拍|下单|要|付款?)的话|如果(?:我)?(?:买|拍|下单)|想(?:买|要|入手|拍)|打算(?:买|拍|入)|还没(?:买|拍|下单)|(?:买|拍)(?:几|多少|哪)|怎么卖|值得买|if i (?:buy|order)|want to buy|thinking of buying"
);
expression!(
    ORDERED,
    r"(?:已经?|刚|刚刚|刚才|昨天|昨晚|今早|上午|下午|前天)(?:才)?(?:拍|付|买|下单|订)|(?:拍|付|下单|订|付款)(?:好|完)?了|付款(?:成功|完成)|已付|下的单|买的(?:还|怎么)|拍下了|我的订单|就这样拍|那我拍|i (?:just )?(?:ordered|paid)|placed an order"
);
expression!(
    SENT_OR_RECEIVED,
    r"收到(?:了|货|的|就|后)?|没收到|签收|到货|到手|拆开|打开(?:一看|才|发现)|用了(?:几|一|两|半|不到|没|才)|穿了|退回去?|寄回|补发|退货|换货|维修|返修|坏了|揽收|派送|派件|在途|到哪了|快递(?:员|师傅|小哥)|驿站|received|delivered|arrived"
);

/// What a text's words say about each stage, as logarithms to be added; all 0 if they say nothing.
pub(super) fn cues(text: &str) -> [f32; Stage::ALL.len()] {
    // Before ordering, until dispatch, after it, not about one purchase.
    let mut evidence = [0.0; Stage::ALL.len()];
    let mut add = |more: [f32; Stage::ALL.len()]| {
        for (evidence, more) in evidence.iter_mut().zip(more) {
            *evidence += more;
        }
    };
    let (considering, ordered) = (CONSIDERING.is_match(text), ORDERED.is_match(text));
    if considering {
        add([1.0, 0.0, -1.0, -0.5]);
    }
    if ordered && !considering {
        add([-1.2, 1.0, 0.3, -0.5]);
    }
    if SENT_OR_RECEIVED.is_match(text) && !considering {
        add([-1.0, -0.3, 1.0, -0.3]);
    }
    evidence
}

/// Compiles the fixed expressions of this module.
pub(super) fn prepare() {
    for expression in [&CONSIDERING, &ORDERED, &SENT_OR_RECEIVED] {
        LazyLock::force(expression);
    }
}

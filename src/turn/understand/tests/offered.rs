//! What takes an offer, and what is only an acknowledgement.

use super::*;
use crate::turn::types::Pending;
use crate::turn::understand::offered::taken;

#[test]
fn a_yes_takes_what_was_offered_and_thanks_take_nothing() {
    let check = |text: &str, offered: Option<&str>, takes: bool| {
        let mut input = input(text);
        let yes = offered.map(str::to_owned);
        input.memory.pending = Some(Pending::Nudge { choices: Vec::new(), yes, product: None });
        let found = taken(&text.to_lowercase(), &input);
        assert_eq!(found.is_some(), takes, "{text}: {found:?}");
    };
    for text in ["要", "好呀", "好的", "嗯嗯", "可以", "来一个", "那我看看", "yes please", "OK"]
    {
        check(text, Some("参数发我看看"), true);
        // Where nothing was offered, the customer only says that it was read.
        check(text, None, false);
    }
    for text in ["谢谢", "收到", "知道了", "好的谢谢", "不要", "不需要谢谢", "多少钱", "要是大了能换吗", "no"]
    {
        check(text, Some("参数发我看看"), false);
    }
}

use serde_json::{Value as Json, json};

use super::{Turn, draft, fact};
use crate::record::RecordKind;
use crate::turn::types::{By, Draft, EmotionLabel, Fact, Facts, Goal, GuardReason, JudgedPolicy, Stage};

fn order() -> Fact {
    fact(
        RecordKind::Order,
        "20261114008712",
        "订单20261114008712：已发货；商品：婴儿恒温睡袋90码·浅驼×1，单价269.00元；订单总金额269.00元；支付方式：微信；收货地区：湖北省武汉市江岸区。",
        json!({"id": "20261114008712", "status": "shipped", "status_text": "已发货", "total": 269.0, "name": "欧阳小满"}),
    )
}

fn parcel() -> Fact {
    fact(
        RecordKind::Shipment,
        "20261114008712",
        "订单20261114008712：物流公司中通，物流单号78412365509821，预计2026-11-22送达；2026-11-16 22:40 到达武汉转运中心；是否加急：否",
        json!({"carrier": "中通", "tracking": "78412365509821"}),
    )
}

fn policy(text: &str) -> Fact {
    fact(RecordKind::Policy, "p1", text, Json::Null)
}

fn parcel_turn() -> Turn {
    Turn::new("我的包裹到哪了", vec![order(), parcel()])
}

#[test]
fn values_of_the_record_pass_however_they_are_written() {
    let turn = parcel_turn();
    for text in [
        "您的包裹由中通配送，单号78412365509821。",
        "11月16日晚上10点40分到达武汉转运中心，预计11月22日送达。",
        "这单一共269元，微信支付的。",
        "总金额是二百六十九元哦。",
        "订单尾号8712，11月16日22:40到了武汉转运中心。",
    ] {
        turn.passes(By::Model, text);
    }
}

#[test]
fn a_value_that_stands_in_no_record_is_refused() {
    let turn = parcel_turn();
    let reason = GuardReason::NumberNotInEvidence;
    for text in [
        "这单一共296元。",
        "单号是78412365509812。",
        "预计11月19日送达。",
        "11月16日22:04到达武汉转运中心。",
        "11月22日22:40到达武汉转运中心。",
        "预计三天送达。",
        "您买了2件。",
        "订单尾号8713。",
        "预计明天送达。",
    ] {
        turn.refuses(By::Model, text, reason);
    }
}

#[test]
fn a_sum_passes_only_with_its_terms() {
    let turn = Turn::new(
        "用券后多少钱",
        vec![
            order(),
            fact(RecordKind::Coupon, "c1", "优惠券：满199元减20元", json!({"threshold": 199, "reduce": 20})),
        ],
    );
    turn.passes(By::Model, "订单金额269元，满199元减20元，合计249元。");
    turn.refuses(By::Model, "用券后是249元。", GuardReason::NumberNotInEvidence);
    turn.refuses(By::Model, "订单金额269元，满199元减20元，合计248元。", GuardReason::NumberNotInEvidence);
}

#[test]
fn money_comes_from_prices_and_not_from_descriptions() {
    let product = fact(
        RecordKind::Product,
        "b1",
        "商品b1 婴儿推车：价格899元；描述：活动到手价599元，可平躺",
        json!({"id": "b1", "title": "婴儿推车", "price": 899, "description": "活动到手价599元，可平躺"}),
    );
    let turn = Turn::new("推车多少钱", vec![product]);
    turn.passes(By::Model, "婴儿推车价格是899元。");
    turn.refuses(By::Model, "婴儿推车活动到手价599元。", GuardReason::MoneySource);
    turn.refuses(By::Evidence, "活动到手价599元", GuardReason::MoneySource);
    let asked = Turn::new("是不是599元", turn.facts.found.clone());
    asked.refuses(By::Model, "是的，价格599元。", GuardReason::MoneySource);
}

#[test]
fn knowledge_that_is_no_policy_backs_no_money() {
    let mut entry = fact(RecordKind::Knowledge, "k1", "上门安装收费50元", Json::Null);
    Turn::new("安装多少钱", vec![entry.clone()]).refuses(
        By::Model,
        "上门安装收费50元。",
        GuardReason::MoneySource,
    );
    entry.policy = true;
    Turn::new("安装多少钱", vec![entry]).passes(By::Model, "上门安装收费50元。");
}

#[test]
fn the_neighbours_value_is_refused() {
    let turn = Turn::new("保修多久", vec![policy("整机包修8年；电机保修10年；滤芯3个月更换")]);
    turn.passes(By::Model, "电机保修10年。");
    turn.passes(By::Model, "整机包修八年。");
    turn.refuses(By::Model, "电机保修8年。", GuardReason::NumberNotInEvidence);
    // Code fills slots from the right field, whatever words stand around them.
    turn.passes(By::Wording, "电机保修8年。");
    let mut other = order();
    other.id = "order:20261101000001".into();
    other.text =
        "订单20261101000001：已签收；商品：学饮杯×1，单价59.00元；订单总金额59.00元；支付方式：支付宝。"
            .into();
    other.fields = json!({"id": "20261101000001", "total": 59.0});
    let turn = Turn::new("我的订单", vec![order(), parcel(), other]);
    turn.refuses(
        By::Model,
        "订单20261101000001的物流单号是78412365509821。",
        GuardReason::NumberNotInEvidence,
    );
    turn.refuses(By::Model, "订单20261101000001总金额269元。", GuardReason::NumberNotInEvidence);
    turn.passes(By::Model, "订单20261101000001总金额59元。");
}

#[test]
fn another_carrier_payment_or_model_is_refused() {
    let turn = parcel_turn();
    turn.refuses(By::Model, "这单是顺丰配送的。", GuardReason::ContradictsEvidence);
    turn.refuses(By::Model, "这单是支付宝付的款。", GuardReason::ContradictsEvidence);
    turn.refuses(By::Model, "您买的是Pampers睡袋。", GuardReason::ClaimNotInEvidence);
    let asked = Turn::new("是顺丰送吗", vec![order(), parcel()]);
    asked.refuses(By::Model, "是的，走的是顺丰。", GuardReason::ContradictsEvidence);
    asked.passes(By::Model, "不是顺丰，这单走的是中通。");
}

#[test]
fn the_state_of_the_order_decides_what_a_policy_allows() {
    let gate = policy("取消订单：仅在待付款、已付款、处理中状态可取消");
    let shipped = Turn::new("能取消吗", vec![order(), gate.clone()]);
    shipped.refuses(By::Model, "这单可以取消的。", GuardReason::ContradictsEvidence);
    shipped.refuses(By::Model, "可以的。", GuardReason::ContradictsEvidence);
    shipped.passes(By::Model, "这单已发货，不能取消了。");
    let mut paid = order();
    paid.text = paid.text.replace("已发货", "已付款");
    paid.fields["status_text"] = json!("已付款");
    let paid = Turn::new("能取消吗", vec![paid, gate]);
    paid.refuses(By::Model, "这单不支持取消。", GuardReason::ContradictsEvidence);
    paid.passes(By::Model, "这单可以取消的。");
}

/// 5-B: what a policy worked out may be said, by code and by the model, and nothing else.
#[test]
fn an_amount_comes_from_the_policy_that_worked_it_out() {
    let judged = JudgedPolicy {
        policy: "policy:return".into(),
        about: "return".into(),
        outcome: "allowed",
        reason: String::new(),
        values: json!({"refund": {"money": 248.0}, "share": {"money": 20.0}, "until": {"time": "2026-11-22 23:59:59"}, "rate": {"percent": "10%"}}),
        says: vec!["可以退 {{ values.refund }} 元，运费 8.00 元您出。".into()],
    };
    let facts = Facts {
        found: vec![
            fact(
                RecordKind::Policy,
                "return",
                "七天内可以退货，退款减去分摊的满减。",
                json!({"about": "return", "when": "order.total > 777.0", "values": {"refund": {"type": "money", "expr": "666.0"}}}),
            ),
            fact(
                RecordKind::Order,
                "1",
                "订单1：已签收；商品：奶粉×2，单价268.00元。",
                json!({"items": [{"price": 268.0}]}),
            ),
        ],
        ..Facts::default()
    };
    let turn = Turn::new("能退多少", facts.with_verdicts(&[judged]).found);
    for by in [By::Model, By::Wording] {
        turn.passes(by, "可以退 248.00 元（268.00 元减分摊的满减 20.00 元）。");
        turn.refuses(
            by,
            "可以退 249.00 元（268.00 元减分摊的满减 20.00 元）。",
            GuardReason::NumberNotInEvidence,
        );
        turn.passes(by, "11月22日24:00前可以退货。");
        turn.refuses(by, "11月23日24:00前可以退货。", GuardReason::NumberNotInEvidence);
        // The numbers of a condition are no facts.
        turn.refuses(by, "可以退 777.00 元。", GuardReason::NumberNotInEvidence);
        turn.refuses(by, "可以退 666.00 元。", GuardReason::NumberNotInEvidence);
    }
    // The policy's own words are approved with the numbers that stand in them; the same sentence of another is not.
    turn.refuses(By::Wording, "可以退 248.00 元，运费 8.00 元您出。", GuardReason::MoneySource);
    let own = Draft {
        wording: Some("policy:return.allowed.1".into()),
        ..draft(By::Wording, "可以退 248.00 元，运费 8.00 元您出。")
    };
    assert!(turn.vet(&own).is_ok());
}

#[test]
fn a_verdict_is_not_contradicted() {
    let verdict = |outcome: &str| {
        let fields = json!({"about": "exchange", "outcome": outcome});
        Turn::new("能换货吗", vec![fact(RecordKind::Policy, "v", "换货以判定为准", fields)])
    };
    verdict("refused").refuses(By::Model, "可以换货的。", GuardReason::ContradictsEvidence);
    verdict("refused").passes(By::Model, "这单不支持换货。");
    verdict("allowed").refuses(By::Model, "这单不能换货。", GuardReason::ContradictsEvidence);
    verdict("needs_person").refuses(By::Model, "可以换货的。", GuardReason::ContradictsEvidence);
}

#[test]
fn opposites_of_the_record_are_refused() {
    let turn = Turn::new(
        "有货吗",
        vec![policy("奶瓶蓝色有货；奶瓶粉色缺货；基础安装费150元；安装前检查免费；配送到村：支持")],
    );
    turn.refuses(By::Model, "奶瓶粉色有货的。", GuardReason::ContradictsEvidence);
    turn.passes(By::Model, "奶瓶粉色缺货了。");
    turn.passes(By::Model, "奶瓶蓝色有货。");
    turn.refuses(By::Model, "基础安装免费。", GuardReason::ContradictsEvidence);
    turn.passes(By::Model, "安装前检查免费。");
    let turn = parcel_turn();
    turn.refuses(By::Model, "这单是加急单。", GuardReason::ContradictsEvidence);
    turn.passes(By::Model, "这单没有加急。");
    turn.refuses(By::Model, "这单还没有发货。", GuardReason::ContradictsEvidence);
}

#[test]
fn a_promise_needs_something_behind_it() {
    let mut turn = parcel_turn();
    for text in ["我会尽快给您处理。", "快递员稍后联系您。", "一定能送到您手上。", "我给您申请补偿。"]
    {
        let refusal = turn.vet(&draft(By::Model, text)).map_err(|(reason, _)| reason);
        assert!(
            matches!(refusal, Err(GuardReason::PromiseNotBacked | GuardReason::RedLine)),
            "{text}: {refusal:?}"
        );
    }
    turn.passes(By::Model, "您需要我帮您申请吗？");
    turn.refuses(By::Model, "今天14:15前我会回复您。", GuardReason::NumberNotInEvidence);
    turn.backed = vec!["今天14:15".into()];
    turn.passes(By::Model, "今天14:15前我会回复您。");
}

#[test]
fn a_finished_action_needs_its_record() {
    let mut turn = parcel_turn();
    turn.refuses(By::Model, "已经帮您催了。", GuardReason::ActionNotDone);
    turn.refuses(By::Wording, "已为您登记，同事会看到。", GuardReason::ActionNotDone);
    turn.passes(By::Model, "帮您查到了，包裹到武汉转运中心了。");
    turn.done = vec!["ticket_opened".into()];
    turn.passes(By::Wording, "已为您登记，同事会看到。");
    turn.refuses(By::Model, "已经帮您催了。", GuardReason::ActionNotDone);
    let refunded = Turn::new("退了吗", vec![policy("售后单S1：已退款，原路退回微信")]);
    refunded.passes(By::Model, "售后单显示已退款。");
    refunded.refuses(By::Model, "已为您退款。", GuardReason::ActionNotDone);
}

#[test]
fn a_limit_is_not_left_out() {
    let turn = Turn::new(
        "多久上门",
        vec![policy("城市地区24小时上门维修，偏远地区48小时上门维修；签收后7天内支持无理由退货；满99元包邮")],
    );
    turn.passes(By::Model, "签收后7天内支持无理由退货。");
    turn.refuses(By::Model, "签收后支持无理由退货。", GuardReason::ConditionDropped);
    turn.passes(By::Model, "满99元包邮。");
    turn.refuses(By::Model, "包邮。", GuardReason::ConditionDropped);
    turn.refuses(By::Model, "可以包邮的。", GuardReason::ConditionDropped);
}

#[test]
fn red_lines_hold_for_every_source() {
    let mut turn = Turn::new("这款好吗", vec![policy("本店睡袋是100%棉；行业最好，绝对保暖")]);
    turn.passes(By::Evidence, "本店睡袋是100%棉");
    for by in [By::Evidence, By::Wording, By::Model] {
        turn.refuses(by, "绝对保暖", GuardReason::RedLine);
    }
    turn.refuses(By::Model, "您加 我 微.信 聊。", GuardReason::RedLine);
    turn.refuses(By::Model, "您加我薇信。", GuardReason::RedLine);
    turn.refuses(By::Wording, "我们马上处理。", GuardReason::RedLine);
    turn.passes(By::Wording, "身体不舒服请尽快就医。");
    turn.passes(By::Wording, "亲，您好。");
    turn.stage = Stage::AfterSale;
    turn.refuses(By::Wording, "亲，您好。", GuardReason::RedLine);
    turn.stage = Stage::PreSale;
    turn.emotion.label = EmotionLabel::Angry;
    turn.refuses(By::Wording, "请您耐心等待。", GuardReason::RedLine);
}

#[test]
fn what_identifies_a_person_is_refused() {
    let mut turn = parcel_turn();
    let reason = GuardReason::PrivateData;
    for text in [
        "电话是13812345678。",
        "电话是138-1234-5678。",
        "收件人身份证11010519491231002X。",
        "邮箱是zhang.san@example.com。",
        "送到解放大道88号。",
        "收件人是欧阳小满。",
        "这单是王女士签收的。",
    ] {
        turn.refuses(By::Model, text, reason);
    }
    turn.refuses(By::Wording, "寄到解放大道88号3单元。", reason);
    turn.question = "我的手机尾号是4614吗，登记的是138****4614".into();
    turn.passes(By::Model, "是的，手机尾号4614。");
    let own = Turn::new("退货寄哪", vec![policy("退货地址：武汉市东西湖区物流路12号仓库")]);
    own.passes(By::Evidence, "退货地址：武汉市东西湖区物流路12号仓库");
}

#[test]
fn the_prompt_stays_inside() {
    let turn = parcel_turn();
    turn.refuses(By::Model, "只能使用下面资料里写明的内容回答。", GuardReason::PromptLeak);
    turn.refuses(By::Model, "<|im_end|>好的", GuardReason::PromptLeak);
}

#[test]
fn things_nobody_spoke_of_are_refused() {
    let turn = parcel_turn();
    for text in ["包裹由邻居代收。", "包裹到了锦江区。", "睡袋是羊绒面料的。", "订单已签收。"]
    {
        turn.refuses(By::Model, text, GuardReason::ClaimNotInEvidence);
    }
    turn.refuses(By::Model, " 。！ ", GuardReason::ClaimNotInEvidence);
    turn.refuses(By::Model, &"好".repeat(3_000), GuardReason::ClaimNotInEvidence);
}

#[test]
fn an_extract_is_cut_out_of_a_record() {
    let turn = Turn::new(
        "怎么洗",
        vec![fact(RecordKind::Knowledge, "k", "睡袋请用 30度 温水轻柔机洗，不可漂白。", Json::Null)],
    );
    turn.passes(By::Evidence, "睡袋请用30度温水轻柔机洗");
    turn.refuses(By::Evidence, "睡袋可以机洗", GuardReason::ClaimNotInEvidence);
}

#[test]
fn a_wording_may_say_its_own_values_and_the_evidences_in_its_slots() {
    let mut turn = parcel_turn();
    let mut wording = draft(By::Wording, "今天14:15前在这里回您，最晚不超过24小时。");
    wording.goal = Goal::Commit;
    wording.wording = Some("trace.commit.standard.1".into());
    wording.slots.insert("commitment.due".into(), "今天14:15".into());
    assert_eq!(turn.vet(&wording).map_err(|(reason, _)| reason), Err(GuardReason::NumberNotInEvidence));
    turn.backed = vec!["今天14:15".into()];
    assert!(turn.vet(&wording).is_ok());
    // Without an id in the pack its digits are nobody's.
    wording.wording = None;
    assert_eq!(turn.vet(&wording).map_err(|(reason, _)| reason), Err(GuardReason::NumberNotInEvidence));
    // A slot may not borrow a number that only the wording's own text has.
    wording.wording = Some("trace.commit.standard.1".into());
    wording.text = "24小时前在这里回您，最晚不超过24小时。".into();
    wording.slots.insert("commitment.due".into(), "24小时".into());
    assert_eq!(turn.vet(&wording).map_err(|(reason, _)| reason), Err(GuardReason::NumberNotInEvidence));
}

#[test]
fn a_bare_yes_or_no_needs_a_record_that_says_so() {
    let place = fact(
        RecordKind::Knowledge,
        "place",
        "安装前需预留10A三孔插座。建议安装在水池下方或厨房壁挂位，方便日常维护。",
        json!({}),
    );
    let asked = Turn::new("小厨宝能装在水池下面吗", vec![place.clone()]);
    asked.passes(By::Model, "可以。");
    asked.refuses(By::Model, "不能。", GuardReason::ClaimNotInEvidence);
    let wave = fact(RecordKind::Knowledge, "wave", "奶瓶不能放微波炉，可以沸水煮。", json!({}));
    let asked = Turn::new("奶瓶能进微波炉吗", vec![wave]);
    asked.passes(By::Model, "不能。");
    asked.refuses(By::Model, "可以。", GuardReason::ClaimNotInEvidence);
    // Nothing speaks of it at all.
    Turn::new("能带上飞机吗", vec![place]).refuses(By::Model, "能。", GuardReason::ClaimNotInEvidence);
}

#[test]
fn what_is_pointed_at_is_the_product_that_was_asked_about() {
    let product = |id: &str, text: &str| fact(RecordKind::Product, id, text, json!({}));
    let turn = Turn::new(
        "JSQ27-HWA尺寸多大",
        vec![
            product("1", "商品：14升燃气热水器 JSQ27-HWA Pro；净重11千克；产品尺寸为510x330x150mm"),
            product("2", "商品：16升燃气热水器 JSQ30-HWA Pro；净重8.5千克；产品尺寸为530x335x163mm"),
        ],
    );
    turn.passes(By::Model, "该热水器的产品尺寸为510x330x150mm。");
    turn.refuses(By::Model, "该热水器的产品尺寸为530x335x163mm。", GuardReason::NumberNotInEvidence);
    turn.passes(By::Model, "JSQ30-HWA的产品尺寸为530x335x163mm。");
}

#[test]
fn talk_that_speaks_of_nothing_known_answers_nothing() {
    let turn = Turn::new("热水器不上水怎么办", vec![policy("检查是否停水，如停水需等待来水。")]);
    turn.refuses(By::Model, "您好，感谢您的反馈。", GuardReason::NotAnswered);
    turn.passes(By::Model, "请检查是否停水。");
}

//! A shop of any size to measure with: short records and questions drawn from a seed, of made-up brands, models and
//! customers. What is common in real shops is common here: goods and qualities recur, brands and models hardly do.

use serde_json::{Value, json};

use crate::bench::schedule::Random;
use crate::record::Record;

const GOODS: [&str; 48] = [
    "保温杯",
    "电饭煲",
    "空气炸锅",
    "吸尘器",
    "加湿器",
    "台灯",
    "充电宝",
    "蓝牙耳机",
    "机械键盘",
    "鼠标垫",
    "行李箱",
    "双肩包",
    "瑜伽垫",
    "跑步鞋",
    "羽绒服",
    "连衣裙",
    "牛仔裤",
    "衬衫",
    "雨伞",
    "围巾",
    "毛巾",
    "四件套",
    "乳胶枕",
    "羊毛毯",
    "窗帘",
    "地垫",
    "收纳盒",
    "晾衣架",
    "炒锅",
    "菜刀",
    "砧板",
    "饭盒",
    "水壶",
    "茶具",
    "牙刷",
    "洗发水",
    "面霜",
    "防晒霜",
    "口红",
    "奶瓶",
    "纸尿裤",
    "婴儿车",
    "儿童座椅",
    "积木",
    "画笔",
    "笔记本",
    "猫粮",
    "狗窝",
];
const QUALITIES: [&str; 20] = [
    "加厚",
    "轻便",
    "静音",
    "防水",
    "可折叠",
    "大容量",
    "速干",
    "保暖",
    "透气",
    "不粘",
    "便携",
    "儿童款",
    "男款",
    "女款",
    "升级款",
    "无线",
    "智能",
    "纯棉",
    "不锈钢",
    "家用",
];
const ASKED: [&str; 10] = [
    "怎么清洗",
    "能机洗吗",
    "保修多久",
    "多久发货",
    "可以退换吗",
    "用什么材料做的",
    "适合多大年龄",
    "怎么安装",
    "有没有赠品",
    "能用优惠券吗",
];
const ANSWERED: [&str; 10] = [
    "温水手洗，平铺晾干，不要暴晒。",
    "可以机洗，水温不超过三十度。",
    "整机保修一年，凭订单登记。",
    "付款后四十八小时内从就近的仓发出。",
    "签收后七天内不影响二次销售可以退换。",
    "外层是再生材料，里层可以拆下来。",
    "三岁以上，使用时要有大人在旁边。",
    "按说明书的顺序装好，再拧紧四颗螺丝。",
    "赠品随货发出，退货时一并退回。",
    "结算时选择一张可用的券，不能叠加。",
];
/// Brands are two or three of these.
const SYLLABLES: &str =
    "安佰澄岱恩芙歌禾嘉珂岚沐诺欧璞青睿森棠维欣雅梓朵格汀瑞洛宜晴芮启源泽乔帆森尔迪琪舒悦然朗逸凯顿斯塔";

/// Draws names.
struct Names {
    random: Random,
    syllables: Vec<char>,
}

impl Names {
    fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), syllables: SYLLABLES.chars().collect() }
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.random.bits() % count.max(1) as u64).unwrap_or_default()
    }

    fn of(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len())]
    }

    fn brand(&mut self) -> String {
        let length = 2 + self.below(2);
        let count = self.syllables.len();
        let places: Vec<usize> = (0..length).map(|_| self.below(count)).collect();
        places.into_iter().map(|place| self.syllables[place]).collect()
    }

    fn model(&mut self) -> String {
        let letter = char::from(b'A' + u8::try_from(self.below(26)).unwrap_or_default());
        format!("{letter}{}-{}", 1000 + self.below(9000), self.below(100))
    }
}

/// So many records: of ten three products, five pieces of knowledge, two orders.
pub fn records(count: usize, seed: u64) -> impl Iterator<Item = Record> {
    let mut names = Names::new(seed);
    (0..count).filter_map(move |number| Record::from_value(record(number, &mut names)).ok())
}

fn record(number: usize, names: &mut Names) -> Value {
    let (quality, good) = (names.of(&QUALITIES), names.of(&GOODS));
    match number % 10 {
        0..3 => {
            let title = format!("{}{quality}{good} {}", names.brand(), names.model());
            json!({"kind": "product", "id": format!("p{number}"), "title": title, "price": 9 + names.below(2000),
                "stock": names.below(500), "description": format!("{quality}的{good}，{}", names.of(&ANSWERED))})
        }
        3..8 => {
            let asked = names.of(&ASKED);
            json!({"kind": "knowledge", "id": format!("k{number}"), "title": format!("{}{good}{asked}", names.brand()),
                "text": names.of(&ANSWERED)})
        }
        _ => {
            json!({"kind": "order", "id": format!("{:012}", 700_000_000_000 + number as u64), "status": "paid",
            "customer": format!("c{}", names.below(1 + number / 4)), "total": 9 + names.below(2000),
            "items": [{"title": format!("{}{quality}{good}", names.brand()), "quantity": 1}]})
        }
    }
}

/// So many questions as customers ask them, short and long.
pub fn questions(count: usize, seed: u64) -> Vec<String> {
    let mut names = Names::new(seed.wrapping_add(1));
    (0..count).map(|number| question(number, &mut names)).collect()
}

fn question(number: usize, names: &mut Names) -> String {
    let (quality, good, asked) = (names.of(&QUALITIES), names.of(&GOODS), names.of(&ASKED));
    match number % 6 {
        0 => format!("{good}{asked}"),
        1 => format!("{quality}{good}多少钱"),
        2 => format!("{}的{good}{asked}", names.brand()),
        3 => format!("{} 有货吗", names.model()),
        4 => format!("请问这个{quality}的{good}{asked}，我家里有小孩，想买来送人"),
        _ => format!(
            "上个月在你们家买的{}{good}用了几天就坏了，{asked}，还是说要我自己出运费寄回去",
            names.brand()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_taken_and_a_seed_gives_the_same_shop() {
        let once: Vec<Record> = records(2_000, 7).collect();
        assert_eq!(once.len(), 2_000);
        assert_eq!(once, records(2_000, 7).collect::<Vec<_>>());
        assert_ne!(once, records(2_000, 8).collect::<Vec<_>>());
        assert_eq!(questions(50, 7), questions(50, 7));
        let keys: std::collections::BTreeSet<_> = once.iter().map(Record::key).collect();
        assert_eq!(keys.len(), 2_000, "no id twice");
    }
}

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};
use tantivy::tokenizer::{TokenStream, Tokenizer};

use super::analyzer::{Analyzer, View, ViewTokenizer};
use super::sources::{Columns, SourceError, parse_markdown, read_sources};
use super::*;
use crate::identity::{CustomerId, Scope, ShopId};
use crate::record::{Record, RecordKind, parse_ndjson};
use crate::time::Now;

fn analyzer() -> Analyzer {
    static SHARED: OnceLock<Analyzer> = OnceLock::new();
    SHARED.get_or_init(|| Analyzer::new(&Dictionaries::load(None).unwrap())).clone()
}

fn now(seconds: i64) -> Now {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    Now::new(jiff::Timestamp::from_second(1_790_000_000 + seconds).unwrap(), zone)
}

fn record(value: Value) -> Record {
    Record::from_value(value).unwrap()
}

fn shop(name: &str) -> ShopId {
    ShopId::new(name).unwrap()
}

fn filled(records: Vec<Record>) -> Knowledge {
    let knowledge = Knowledge::empty(analyzer()).unwrap();
    let changes: Vec<Change> = records.into_iter().map(Change::Put).collect();
    knowledge.apply(&ShopId::default(), &changes).unwrap();
    knowledge
}

fn ids(knowledge: &Knowledge, scope: &Scope, text: &str) -> Vec<String> {
    let query = SearchQuery { text: text.into(), limit: 10, ..SearchQuery::default() };
    knowledge.search(scope, &query).unwrap().into_iter().map(|hit| hit.id).collect()
}

fn public() -> Scope {
    Scope::anonymous(ShopId::default())
}

fn tokens(view: View, text: &str) -> Vec<String> {
    let mut tokenizer = ViewTokenizer { analyzer: analyzer(), view };
    let mut stream = tokenizer.token_stream(text);
    let mut found = Vec::new();
    stream.process(&mut |token| found.push(token.text.clone()));
    found
}

#[test]
fn writing_does_not_matter() {
    let check = |one: &str, other: &str| assert_eq!(analyzer().normalise(one), analyzer().normalise(other));
    check("電熱水器", "电热水器");
    check("ＪＳＱ３０－Ｍ９", "jsq30-m9");
    check("JSLQ27‑M10 Max", "jslq27-m10 max");
    check("①", "1");
}

#[test]
fn codes_are_terms_whole_and_in_parts() {
    let words = tokens(View::Words, "型号F6033-UD3(HE)一级");
    for expected in ["f6033ud3he", "f6033", "ud3", "he", "6033"] {
        assert!(words.iter().any(|word| word == expected), "{expected} in {words:?}");
    }
    assert_eq!(tokens(View::Singles, "60升M9"), ["60", "升", "m", "9"]);
    let pairs = tokens(View::Pairs, "M9 Pro，热水");
    assert_eq!(pairs, ["m9", "9pro", "热水"]);
    assert_eq!(tokens(View::Words, "👍！？"), Vec::<String>::new());
}

#[test]
fn questions_lose_what_says_nothing() {
    let check = |text: &str, expected: &[&str]| {
        let terms = analyzer().query(text);
        let words: Vec<&str> = terms.words.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, expected, "{text}");
    };
    check("请问漏水怎么办", &["漏水"]);
    check("你好，在吗", &["你好", "在", "吗"]);
    check("", &[]);
    assert!(analyzer().query("退货").words[0].1.contains(&"退掉".to_owned()));
}

proptest! {
    #[test]
    fn offsets_point_into_the_given_text(text in ".{0,60}") {
        for view in View::ALL {
            let mut tokenizer = ViewTokenizer { analyzer: analyzer(), view };
            let mut stream = tokenizer.token_stream(&text);
            let mut last = 0;
            while stream.advance() {
                let token = stream.token();
                prop_assert!(token.offset_from < token.offset_to);
                prop_assert!(text.get(token.offset_from..token.offset_to).is_some());
                prop_assert!(token.position >= last);
                prop_assert!(!token.text.is_empty());
                last = token.position;
            }
        }
    }
}

fn appliances() -> Knowledge {
    filled(vec![
        record(
            json!({"kind": "product", "id": "100112573665", "title": "美的60升双胆扁桶电热水器F6033-UD3(HE)一级能效", "price": 1999}),
        ),
        record(
            json!({"kind": "product", "id": "200", "title": "16升燃气热水器 JSQ30-M9 Pro 安睡", "price": 1799}),
        ),
        record(json!({"kind": "product", "id": "300", "title": "婴儿恒温睡袋 90码 浅驼", "price": 269})),
        record(
            json!({"kind": "knowledge", "id": "leak", "title": "热水器漏水", "text": "检查安全阀是否松动，确保连接部件紧固。"}),
        ),
        record(
            json!({"kind": "knowledge", "id": "fee", "title": "安装服务", "text": "基础安装费150元。", "questions": ["装一台要多少钱"]}),
        ),
        record(
            json!({"kind": "knowledge", "id": "fee-200", "title": "安装说明", "text": "安装须承重墙。", "product": "200"}),
        ),
        record(
            json!({"kind": "knowledge", "id": "fee-300", "title": "安装说明", "text": "安装须承重墙。", "product": "300"}),
        ),
    ])
}

#[test]
fn names_codes_sizes_and_ids_are_found() {
    let knowledge = appliances();
    let check = |text: &str, first: &str| {
        assert_eq!(ids(&knowledge, &public(), text).first().map(String::as_str), Some(first), "{text}");
    };
    check("F6033-UD3(HE)", "100112573665");
    check("f6033ud3", "100112573665");
    check("UD3", "100112573665");
    check("６０升电热水器", "100112573665");
    check("100112573665", "100112573665");
    check("M9Pro", "200");
    check("m9 pro 多少钱", "200");
    check("嬰兒睡袋", "300");
    check("90码的睡袋", "300");
    check("漏水了怎么办", "leak");
    check("渗水", "leak");
    check("装一台要多少钱", "fee");
    assert_eq!(ids(&knowledge, &public(), "？？？"), Vec::<String>::new());
}

#[test]
fn what_was_typed_by_sound_finds_the_word() {
    let knowledge = filled(vec![
        record(json!({"kind": "product", "id": "milk", "title": "婴儿奶粉 三段", "price": 1.0})),
        record(json!({"kind": "product", "id": "bag", "title": "恒温睡袋", "price": 1.0})),
        record(json!({"kind": "knowledge", "id": "wash", "title": "睡袋怎么洗", "text": "三十度水洗"})),
    ]);
    let check = |question: &str, first: &str| {
        assert_eq!(
            ids(&knowledge, &public(), question).first().map(String::as_str),
            Some(first),
            "{question}"
        );
    };
    check("奶分多少钱", "milk");
    check("naifen多少钱", "milk");
    check("睡带怎么洗", "wash");
    check("3段奶粉", "milk");
    // What no word sounds like stays as it was typed.
    assert_eq!(ids(&knowledge, &public(), "hello"), Vec::<String>::new());
}

#[test]
fn hits_say_how_well_and_why() {
    let knowledge = appliances();
    let ask = |text: &str, product: Option<&str>| {
        let query = SearchQuery {
            text: text.into(),
            limit: 5,
            product: product.map(str::to_owned),
            ..SearchQuery::default()
        };
        knowledge.search(&public(), &query).unwrap()
    };
    let hit = &ask("热水器漏水", None)[0];
    assert!(hit.score > 0.9 && hit.score <= 1.0, "{hit:?}");
    assert!(hit.why.contains(&"漏水".to_owned()), "{hit:?}");
    assert!(ask("钢琴怎么调音", None).iter().all(|hit| hit.score < 0.3));
    for product in ["200", "300"] {
        assert_eq!(ask("安装说明", Some(product))[0].id, format!("fee-{product}"));
    }
    let kinds = vec![RecordKind::Product];
    let query = SearchQuery { text: "热水器".into(), kinds, limit: 5, product: None, vector: None };
    assert!(knowledge.search(&public(), &query).unwrap().iter().all(|hit| hit.kind == RecordKind::Product));
}

#[test]
fn changes_are_seen_at_once() {
    let knowledge = filled(Vec::new());
    let put = |text: &str| {
        let change = Change::Put(record(json!({"kind": "knowledge", "id": "k", "text": text})));
        knowledge.apply(&ShopId::default(), &[change]).unwrap();
    };
    put("泡奶水温四十度");
    assert_eq!(ids(&knowledge, &public(), "泡奶水温"), ["k"]);
    put("推车如何折叠");
    assert_eq!(ids(&knowledge, &public(), "泡奶水温"), Vec::<String>::new());
    assert_eq!(ids(&knowledge, &public(), "推车折叠"), ["k"]);
    knowledge.apply(&ShopId::default(), &[Change::Remove(RecordKind::Knowledge, "k".into())]).unwrap();
    assert_eq!(ids(&knowledge, &public(), "推车折叠"), Vec::<String>::new());
    assert_eq!(knowledge.documents(), 0);
}

/// Customers whose ids try to be somebody else.
const CUSTOMERS: [&str; 5] = ["a", "*", "c:a", "A", "a b"];

fn private_records() -> Knowledge {
    let knowledge = Knowledge::empty(analyzer()).unwrap();
    for name in ["default", "other"] {
        let mut changes = Vec::new();
        for customer in CUSTOMERS {
            let id = format!("{name}-{customer}");
            changes.push(Change::Put(record(json!({"kind": "order", "id": id, "customer": customer, "status": "paid",
                "items": [{"title": "婴儿恒温睡袋", "quantity": 1}], "shipment": {"tracking": "78412365509821"}}))));
            changes.push(Change::Put(record(
                json!({"kind": "coupon", "id": id, "customer": customer, "title": "睡袋券"}),
            )));
            changes.push(Change::Put(record(json!({"kind": "customer", "id": id, "name": "睡袋"}))));
        }
        changes.push(Change::Put(record(
            json!({"kind": "knowledge", "id": format!("{name}-k"), "text": "睡袋清洗"}),
        )));
        knowledge.apply(&shop(name), &changes).unwrap();
    }
    knowledge
}

proptest! {
    #[test]
    fn nobody_finds_what_is_not_theirs(
        words in prop::collection::vec(
            prop::sample::select(vec!["睡袋", "78412365509821", "default-a", "other-*", "c:a", "*", "OR", "订单", "owner:*", "a b"]),
            1..5,
        ),
        who in prop::option::of(prop::sample::select(CUSTOMERS.to_vec())),
        at in prop::sample::select(vec!["default", "other"]),
        limit in 1usize..40,
    ) {
        static SHARED: OnceLock<Knowledge> = OnceLock::new();
        let knowledge = SHARED.get_or_init(private_records);
        let scope = match who {
            Some(customer) => Scope::customer(shop(at), CustomerId::new(customer).unwrap()),
            None => Scope::anonymous(shop(at)),
        };
        let query = SearchQuery { text: words.join(" "), limit, ..SearchQuery::default() };
        for hit in knowledge.search(&scope, &query).unwrap() {
            prop_assert!(hit.id.starts_with(at), "{:?} of another shop", hit);
            prop_assert!(hit.kind != RecordKind::Customer);
            if hit.kind.is_private() {
                prop_assert_eq!(Some(hit.id), who.map(|customer| format!("{at}-{customer}")));
            }
        }
    }
}

#[test]
fn a_customer_finds_the_own_order() {
    let knowledge = private_records();
    let scope = Scope::customer(shop("default"), CustomerId::new("a b").unwrap());
    assert!(ids(&knowledge, &scope, "睡袋").contains(&"default-a b".to_owned()));
}

#[test]
fn generations_are_swapped_whole() {
    let data = tempfile::tempdir().unwrap();
    let shop = ShopId::default();
    assert!(matches!(Knowledge::open(data.path(), analyzer()), Err(KnowledgeError::NoGeneration(_))));
    let waiting = Knowledge::open_or_empty(data.path(), analyzer()).unwrap();
    let build = |id: &str, seconds: i64| {
        let one = record(json!({"kind": "knowledge", "id": id, "text": "睡袋清洗"}));
        build_generation(data.path(), &analyzer(), [(&shop, &one)], &now(seconds)).unwrap()
    };
    let first = build("k1", 0);
    assert_eq!(first.documents[&RecordKind::Knowledge], 1);
    assert_eq!(waiting.refresh().unwrap(), Some(first.clone()));
    let opened = Knowledge::open(data.path(), analyzer()).unwrap();
    assert_eq!(ids(&opened, &public(), "睡袋"), ["k1"]);
    // A change made while the next generation is built stays visible after the swap.
    let late = Change::Put(record(json!({"kind": "knowledge", "id": "late", "text": "睡袋晾晒"})));
    opened.apply(&shop, &[late]).unwrap();
    build("k2", 1);
    assert_eq!(ids(&opened, &public(), "清洗"), ["k1"]);
    assert_eq!(opened.refresh().unwrap().unwrap().id, current_generation(data.path()).unwrap().unwrap().0.id);
    assert_eq!(ids(&opened, &public(), "清洗"), ["k2"]);
    assert_eq!(ids(&opened, &public(), "晾晒"), ["late"]);
    assert_eq!(opened.refresh().unwrap(), None);
    // The same moment again gives another folder; old ones go.
    build("k3", 1);
    build("k4", 2);
    let left = fs::read_dir(index_folder(data.path()).join("generations")).unwrap().count();
    assert_eq!(left, 2);
}

#[test]
fn a_failed_build_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let shop = ShopId::default();
    let one = record(json!({"kind": "knowledge", "id": "k1", "text": "睡袋清洗"}));
    let built = build_generation(data.path(), &analyzer(), [(&shop, &one)], &now(0)).unwrap();
    let lock = fs::File::open(index_folder(data.path()).join("build.lock")).unwrap();
    lock.lock().unwrap();
    let busy = build_generation(data.path(), &analyzer(), [(&shop, &one)], &now(1));
    assert!(matches!(busy, Err(KnowledgeError::Busy(_))), "{busy:?}");
    drop(lock);
    assert_eq!(current_generation(data.path()).unwrap().unwrap().0, built);
    // CURRENT that leads nowhere, or out of the folder, is an error and no panic.
    for name in ["g9999", "../../etc", ""] {
        fs::write(index_folder(data.path()).join("CURRENT"), name).unwrap();
        assert!(Knowledge::open(data.path(), analyzer()).is_err(), "{name}");
    }
}

#[test]
fn an_index_of_another_analyzer_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let shop = ShopId::default();
    build_generation(data.path(), &analyzer(), std::iter::empty::<(&ShopId, &Record)>(), &now(0)).unwrap();
    let words = tempfile::tempdir().unwrap();
    fs::write(words.path().join("words.txt"), "暖芽睡袋\n").unwrap();
    let other = Analyzer::new(&Dictionaries::load(Some(words.path())).unwrap());
    assert!(matches!(Knowledge::open(data.path(), other.clone()), Err(KnowledgeError::OtherAnalyzer { .. })));
    assert_eq!(Knowledge::open_or_empty(data.path(), other).unwrap().documents(), 0);
    let _ = shop;
}

#[test]
fn dictionaries_can_be_replaced_and_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, text: &str, expected: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        let error = Dictionaries::load(Some(folder.path())).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        fs::remove_file(folder.path().join(name)).unwrap();
    };
    check("words.txt", "# 注\n睡袋 many\n", "words.txt:2:");
    check("synonyms.txt", "单独\n", "synonyms.txt:1:");
    fs::write(folder.path().join("synonyms.txt"), "睡袋，防踢被\n").unwrap();
    let loaded = Dictionaries::load(Some(folder.path())).unwrap();
    assert_eq!(loaded.synonyms, [["睡袋", "防踢被"]]);
    assert_ne!(loaded.version, Dictionaries::load(None).unwrap().version);
}

#[test]
fn markdown_headings_become_entries_with_stable_ids() {
    let text = "# 售后\n\n开头。\n\n## 退货要多久？\n收到后 **3** 天。见[说明](http://a)。\n```\n# 不是标题\n```\n<!-- 内部\n备注 -->\n## 空\n\n## 退货要多久？\n再说一次。\n";
    let records = parse_markdown(text.as_bytes(), "faq/returns.md", "faq/returns.md").unwrap();
    let found: Vec<(&str, &str)> =
        records.iter().map(|one| (one.id.as_str(), one.text("text").unwrap())).collect();
    assert_eq!(
        found,
        [
            ("faq/returns.md#售后", "开头。"),
            ("faq/returns.md#售后/退货要多久？", "收到后 3 天。见说明。\n# 不是标题"),
            ("faq/returns.md#售后/退货要多久？~2", "再说一次。"),
        ]
    );
    assert_eq!(records[1].texts("questions"), ["退货要多久？"]);
    assert_eq!(records[1].text("title"), Some("售后 / 退货要多久？"));
    let long = format!("# {}\n{}", "长".repeat(100), "一句话。\n".repeat(600));
    for record in parse_markdown(long.as_bytes(), "a.md", "a.md").unwrap() {
        assert!(record.id.len() <= crate::identity::MAX_ID_BYTES);
        Record::from_value(Value::Object(record.fields)).unwrap();
    }
    assert_eq!(parse_markdown(b"a\nb\xff", "a.md", "x/a.md").unwrap_err()[0].line, 2);
}

#[test]
fn sources_are_read_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("a/products.ndjson", "{\"kind\":\"product\",\"id\":\"p1\",\"title\":\"睡袋\"}\n");
    write("faq.md", "# 退货\n七天内可退。\n");
    write("notes.txt", "x");
    write(".hidden.md", "# x\ny");
    let columns = Columns::load(None).unwrap();
    let read = |paths: &[&Path]| {
        read_sources(&paths.iter().map(|path| path.to_path_buf()).collect::<Vec<_>>(), &columns)
    };
    let sources = read(&[folder.path()]).unwrap();
    let found: Vec<&str> = sources[0].records.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(found, ["p1", "faq.md#退货"]);
    assert_eq!(sources[0].skipped.len(), 1);
    write("bad.jsonl", "\n{\"kind\":\"product\",\"id\":\"p1\",\"title\":\"a\",\"price\":-1}\nx\n");
    write("twice.ndjson", "{\"kind\":\"product\",\"id\":\"p1\",\"title\":\"睡袋\"}\n");
    let Err(SourceError::Faults(faults)) = read(&[folder.path()]) else { panic!("faults were expected") };
    let named: Vec<(bool, usize)> =
        faults.iter().map(|one| (one.source.ends_with("bad.jsonl"), one.line)).collect();
    assert_eq!(named, [(true, 2), (true, 3), (false, 1)]);
    assert!(matches!(read(&[&folder.path().join("notes.txt")]), Err(SourceError::Nothing(_))));
    assert!(matches!(read(&[&folder.path().join("absent")]), Err(SourceError::Unreadable(_))));
}

/// Questions that are no shop's business.
const OFF_TOPIC: [&str; 16] = [
    "今天天气怎么样",
    "给我讲个笑话",
    "推荐一部电影",
    "现在股票能买吗",
    "帮我写一首诗",
    "附近有什么好吃的",
    "苹果手机多少钱",
    "明天会下雨吗",
    "口红什么色号好看",
    "世界杯谁赢了",
    "怎么做红烧肉",
    "你喜欢什么颜色",
    "身份证丢了去哪补",
    "房贷利率是多少",
    "羽毛球拍怎么选",
    "高考分数线",
];

/// What the shop's own knowledge answers, as customers ask it.
const ON_TOPIC: [&str; 16] = [
    "热水器漏水怎么办",
    "为什么加热很慢",
    "安装费多少钱",
    "过保修了怎么收费",
    "洗碗机不排水",
    "油烟机吸力不够",
    "水温忽冷忽热",
    "波纹管是什么材质的",
    "小厨宝保修多久",
    "零冷水热水器",
    "发票能开吗",
    "80升的电热水器",
    "风扇声音很大",
    "冰箱不制冷了",
    "点不着火，无法点火",
    "F6033-UD3(HE)怎么安装",
];

#[test]
fn a_real_shop_tells_its_own_questions_from_others() {
    let Some(folder) = crate::record::tests::shared("data/appliance_shop") else { return };
    let mut records = Vec::new();
    for file in ["products.ndjson", "knowledge.ndjson"] {
        records.extend(parse_ndjson(&fs::read(folder.join(file)).unwrap(), file).unwrap());
    }
    let knowledge = filled(records);
    let best = |text: &str| {
        let query = SearchQuery { text: text.into(), limit: 24, ..SearchQuery::default() };
        knowledge.search(&public(), &query).unwrap().iter().map(|hit| hit.score).fold(0.0, f32::max)
    };
    let threshold = crate::turn::retrieve::RELEVANT_SCORE;
    let missed: Vec<_> =
        ON_TOPIC.iter().map(|text| (best(text), text)).filter(|(score, _)| *score < threshold).collect();
    assert!(missed.len() <= 2, "{missed:?}");
    let queries = fs::read_to_string(folder.join("../product_search/queries.tsv")).unwrap();
    let foreign: Vec<&str> =
        queries.lines().filter_map(|line| line.split('\t').nth(1)).chain(OFF_TOPIC).collect();
    let taken: Vec<_> =
        foreign.iter().map(|text| (best(text), text)).filter(|(score, _)| *score >= threshold).collect();
    assert!(taken.len() * 50 <= foreign.len(), "{taken:?}");
}

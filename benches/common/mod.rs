//! What the benches share: the sample shop in `tests/shop`, read and indexed once.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use warmdesk::actions::Standing;
use warmdesk::bench::Question;
use warmdesk::identity::{ConversationId, CustomerId, MessageId, Scope, ShopId};
use warmdesk::knowledge::analyzer::Analyzer;
use warmdesk::knowledge::sources::{Columns, read_sources};
use warmdesk::knowledge::{Dictionaries, Knowledge, build_generation};
use warmdesk::pack::load::{PackFiles, load};
use warmdesk::pack::types::Pack;
use warmdesk::record::Record;
use warmdesk::time::Now;
use warmdesk::turn::types::{DeskStatus, Memory, OrderProof, PageContext, TurnInput};

/// The sample shop's folder.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shop")
}

/// The moment at which the sample shop's records make sense.
pub fn now() -> Now {
    let moment = "2026-11-20T10:12:00+08:00".parse().expect("a well-formed time");
    Now::new(moment, TimeZone::fixed(jiff::tz::offset(8)))
}

/// The sample shop's questions.
pub fn questions() -> Vec<Question> {
    let path = folder().join("questions.txt");
    let text = std::fs::read_to_string(&path).expect("the sample shop has questions");
    Question::parse_file(&text).expect("the sample shop's questions can be read")
}

/// The sample shop's records.
pub fn records() -> Vec<Record> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the sample shop is there")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "ndjson"))
        .collect();
    files.sort();
    let columns = Columns::load(None).expect("the embedded names of columns can be read");
    let sources = read_sources(&files, &columns).expect("the sample shop can be read");
    sources.into_iter().flat_map(|source| source.records).collect()
}

/// The analyzer with the dictionaries of the program.
pub fn analyzer() -> Analyzer {
    Analyzer::new(&Dictionaries::load(None).expect("the embedded dictionaries can be read"))
}

/// The records indexed in a folder, open for searching.
pub fn knowledge(data: &Path, records: &[Record]) -> Knowledge {
    let (analyzer, shop) = (analyzer(), ShopId::default());
    build_generation(data, &analyzer, records.iter().map(|record| (&shop, record)), &now())
        .expect("the sample shop can be indexed");
    Knowledge::open(data, analyzer).expect("the index that was just built can be opened")
}

/// On whose behalf a question is asked.
pub fn scope(question: &Question) -> Scope {
    match &question.customer {
        Some(id) => {
            let customer = CustomerId::new(id).expect("the sample shop's ids are ids");
            Scope::customer(ShopId::default(), customer)
        }
        None => Scope::anonymous(ShopId::default()),
    }
}

/// The pack that is shipped.
pub fn pack() -> Pack {
    let files = PackFiles::embedded("zh-CN").expect("a Chinese pack is shipped");
    load(&files).expect("the shipped pack can be in force").pack
}

/// A question as the first message of a conversation, while people are at the desk.
pub fn input(question: &Question) -> TurnInput {
    let now = now();
    let answer_due = now.timestamp() + jiff::SignedDuration::from_mins(30);
    TurnInput {
        scope: scope(question),
        conversation: ConversationId::generate(),
        message: MessageId::generate(),
        text: question.text.clone(),
        history: Vec::new(),
        memory: Memory::default(),
        page: PageContext::default(),
        attachments: 0,
        desk: DeskStatus {
            open: true,
            opens_at: None,
            ahead: 0,
            wait_minutes: Some(2),
            answer_due,
            crowded: false,
        },
        now,
        vector: None,
        proof: OrderProof::default(),
        standing: Standing::default(),
    }
}

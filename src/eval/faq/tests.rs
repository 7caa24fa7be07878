use std::sync::Arc;

use super::*;
use crate::knowledge::Dictionaries;
use crate::knowledge::analyzer::Analyzer;
use crate::model::ScriptedEmbedder;

const PAIRS: &str =
    "花呗怎么还款\t怎么还花呗\t1\n借呗利息多少\t借呗的利率\t1\n花呗怎么还款\t花呗怎么开通\t0\n";

fn setup(method: Method) -> Setup {
    let analyzer = Analyzer::new(&Dictionaries::load(None).unwrap());
    let embedder = ScriptedEmbedder::new().with_same("利率", "利息多少");
    Setup { analyzer, embedder: Some(Arc::new(embedder)), cache: None, method }
}

#[test]
fn a_question_finds_its_partner_and_never_itself() {
    for method in [Method::Words, Method::Lexical, Method::Dense, Method::Fused] {
        let (report, each) = evaluate_faq(PAIRS, &setup(method), 1).unwrap();
        assert_eq!((report.queries, report.questions, report.pairs), (4, 5, 3), "{method:?}");
        let found = each.iter().filter(|one| one.rank == Some(1)).count();
        assert!(method == Method::Words || found >= 3, "{method:?} {each:?}");
        assert!(report.mrr_at_10 <= 1.0 && report.recall_at_50 >= report.recall_at_10, "{report:?}");
    }
    let sampled = evaluate_faq(PAIRS, &setup(Method::Lexical), 2).unwrap().0;
    assert_eq!(sampled.queries, 2);
}

#[test]
fn the_order_of_pairs_decides() {
    let check = |scores: &[(f64, bool)], expected: f64| {
        assert!((auc(scores) - expected).abs() < 1e-9, "{scores:?}");
    };
    check(&[(0.1, false), (0.9, true)], 1.0);
    check(&[(0.9, false), (0.1, true)], 0.0);
    check(&[(0.5, false), (0.5, true)], 0.5);
    check(&[(0.1, false), (0.4, true), (0.4, false), (0.8, true)], 0.875);
}

#[test]
fn meaning_needs_an_embedder() {
    let without = Setup { embedder: None, ..setup(Method::Fused) };
    assert!(matches!(evaluate_faq(PAIRS, &without, 1), Err(RetrievalError::NoEmbedder)));
}

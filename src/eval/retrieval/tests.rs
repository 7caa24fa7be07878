use super::*;
use crate::knowledge::Dictionaries;

fn measure(
    corpus: &str,
    queries: &str,
    qrels: &str,
    extra: Option<&str>,
) -> Result<RetrievalReport, RetrievalError> {
    let analyzer = Analyzer::new(&Dictionaries::load(None).unwrap());
    evaluate_retrieval(RetrievalSet { corpus, queries, qrels, extra }, &Setup::lexical(analyzer))
        .map(|(report, _)| report)
}

#[test]
fn ranks_become_scores() {
    let corpus = "1\t婴儿恒温睡袋\n2\t睡袋收纳袋\n3\t燃气热水器\n";
    let queries = "q1\t热水器\nq2\t睡袋\nq3\t钢琴\nq4\t没有答案\n";
    let report =
        measure(corpus, queries, "q1\t0\t3\t1\nq2\t0\t1\t1\nq2\t0\t2\t1\nq3\t0\t1\t1\n", None).unwrap();
    assert_eq!((report.queries, report.titles), (3, 3));
    assert!((report.mrr_at_10 - 2.0 / 3.0).abs() < 1e-9, "{report:?}");
    assert!((report.recall_at_10 - 2.0 / 3.0).abs() < 1e-9, "{report:?}");
}

#[test]
fn bad_files_are_refused_by_line() {
    let error = measure("1\ta\nnothing\n", "q\ta\n", "q\t0\t1\t1\n", None).unwrap_err();
    assert_eq!(error.to_string(), "corpus.tsv:2: expected 2 columns separated by tabs");
    assert!(matches!(measure("1\ta\n", "q\ta\n", "other\t0\t1\t1\n", None), Err(RetrievalError::Nothing)));
}

#[test]
fn real_shopping_queries_find_their_title() {
    let Some(folder) = crate::record::tests::shared("data/product_search") else { return };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (corpus, queries, qrels) = (read("corpus.tsv"), read("queries.tsv"), read("qrels.tsv"));
    let distractors = read("distractors.tsv");
    for (extra, titles, floor) in [(None, 2083, 0.86), (Some(distractors.as_str()), 5752, 0.83)] {
        let report = measure(&corpus, &queries, &qrels, extra).unwrap();
        assert_eq!((report.queries, report.titles), (125, titles));
        assert!(report.mrr_at_10 >= floor, "{report:?}");
    }
}

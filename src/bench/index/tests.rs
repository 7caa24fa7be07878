use jiff::tz::TimeZone;

use super::*;
use crate::bench::OutputFormat;
use crate::knowledge::Dictionaries;

#[tokio::test]
async fn a_small_shop_is_measured_whole() {
    let folder = tempfile::tempdir().unwrap();
    let now = Now::new("2026-11-20T00:00:00Z".parse().unwrap(), TimeZone::UTC);
    let analyzer = Analyzer::new(&Dictionaries::load(None).unwrap());
    let plan = IndexPlan { records: 600, questions: 24, vectors: true, seed: 1 };
    let report = measure_index(&plan, folder.path(), analyzer.clone(), &now).await.unwrap();
    assert_eq!((report.words_ms.count, report.fused_ms.as_ref().unwrap().count), (24, 24));
    assert!(report.imported.disk_mb > 0.0 && report.built.disk_mb > 0.0 && report.built.per_s > 0.0);
    let knowledge = Knowledge::open(folder.path(), analyzer).unwrap();
    assert_eq!(knowledge.documents(), 600, "everything that was generated can be found");
    let names: Vec<&str> = report.verdict.criteria.iter().map(|criterion| criterion.name.as_str()).collect();
    assert_eq!(names, ["search_by_words_p99_ms", "search_with_vectors_p99_ms"]);
    for format in [OutputFormat::Table, OutputFormat::Markdown, OutputFormat::Json] {
        let text = report.show(format);
        assert!(text.contains("600") && text.contains("search_by_words_p99_ms"), "{text}");
    }
    let read: IndexReport = serde_json::from_str(&report.show(OutputFormat::Json)).unwrap();
    assert_eq!(read, report);
}

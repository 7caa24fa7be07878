use super::*;

fn report(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn the_shipped_packs_have_nothing_to_report() {
    for language in ["zh-CN"] {
        let mut problems = check(&PackFiles::embedded(language).unwrap());
        // These two come with the stages that read them.
        problems.retain(|problem| !["emotions.yaml", "guard.yaml"].contains(&problem.file.as_str()));
        assert!(problems.is_empty(), "{language}:\n{}", report(&problems));
    }
}

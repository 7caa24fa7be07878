use super::*;

struct Shop {
    _folder: tempfile::TempDir,
    workshop: Workshop,
}

fn shop() -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let published = folder.path().join("prompts");
    let source = PackSource::First(vec![published.clone()]);
    let workshop = Workshop::new(folder.path(), source, &published, "zh-CN");
    Shop { _folder: folder, workshop }
}

fn reason(why: &str) -> Reason {
    Reason { who: "小林".into(), why: why.into(), at: "2026-11-20T02:12:00Z".parse().unwrap() }
}

impl Shop {
    fn edit(&self, from: &str, to: &str) {
        let path = self.workshop.draft_folder().join("wording/common.yaml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(&path, text.replace(from, to)).unwrap();
    }

    fn says(&self) -> String {
        self.workshop.in_force().unwrap().texts["wording/common.yaml"].clone()
    }

    fn history(&self) -> Vec<(u32, String, Option<u32>)> {
        let versions = self.workshop.history().unwrap();
        versions.into_iter().map(|version| (version.number, version.why, version.copy_of)).collect()
    }
}

#[test]
fn a_draft_is_published_whole_and_taken_back() {
    let shop = shop();
    let draft = shop.workshop.draft().unwrap();
    assert!(draft.is_new && draft.changes.is_empty());
    let same = shop.workshop.publish(&reason("nothing"), false);
    assert!(matches!(same, Err(VersionError::Unchanged)), "{same:?}");
    shop.edit("智能助手", "琉璃助手");
    let draft = shop.workshop.draft().unwrap();
    assert_eq!(draft.changes, [("wording/common.yaml".to_owned(), FileChange::Changed)]);
    assert!(!shop.says().contains("琉璃"), "a draft is not in force");

    let version = shop.workshop.publish(&reason("a nicer name"), false).unwrap();
    assert_eq!((version.number, version.who.as_str()), (2, "小林"));
    assert!(shop.says().contains("琉璃助手"));
    assert_eq!(shop.workshop.in_force().unwrap().version(), version.pack);
    assert!(!shop.workshop.draft_folder().exists(), "the draft is done with");

    shop.workshop.roll_back(None, &reason("nobody liked it")).unwrap();
    assert!(!shop.says().contains("琉璃"));
    shop.workshop.roll_back(Some(2), &reason("they did")).unwrap();
    assert!(shop.says().contains("琉璃助手"));
    let history = shop.history();
    let numbers: Vec<(u32, Option<u32>)> = history.iter().map(|(number, _, copy)| (*number, *copy)).collect();
    assert_eq!(numbers, [(1, None), (2, None), (3, Some(1)), (4, Some(2))]);
    assert_eq!(history[3].1, "they did");
    let unknown = shop.workshop.roll_back(Some(9), &reason("?"));
    assert!(matches!(unknown, Err(VersionError::NoVersion(9))), "{unknown:?}");
}

#[test]
fn a_draft_with_faults_changes_nothing() {
    let shop = shop();
    shop.workshop.draft().unwrap();
    shop.edit("introduce:", "introduc:");
    let before = shop.says();
    let refused = shop.workshop.publish(&reason("a slip"), false);
    let Err(VersionError::Faulty(problems)) = refused else { panic!("{refused:?}") };
    assert!(problems.iter().any(|problem| problem.message.contains("introduc")), "{problems:?}");
    assert_eq!((shop.says(), shop.history().len()), (before, 0));
    assert!(shop.workshop.draft_folder().is_dir(), "the draft can be mended");
    assert!(shop.workshop.discard().unwrap() && !shop.workshop.discard().unwrap());
    assert!(matches!(shop.workshop.publish(&reason("gone"), false), Err(VersionError::NoDraft(_))));
}

#[test]
fn a_change_by_hand_is_neither_overwritten_nor_lost() {
    let shop = shop();
    shop.workshop.draft().unwrap();
    shop.edit("智能助手", "琉璃助手");
    shop.workshop.publish(&reason("first"), false).unwrap();
    shop.workshop.draft().unwrap();
    shop.edit("琉璃助手", "玛瑙助手");
    let own = shop.workshop.target().join("wording/common.yaml");
    fs::write(&own, shop.says().replace("琉璃助手", "翡翠助手")).unwrap();
    fs::write(shop.workshop.target().join("NOTES.txt"), "ours").unwrap();
    let overtaken = shop.workshop.publish(&reason("second"), false);
    assert!(matches!(overtaken, Err(VersionError::Overtaken { .. })), "{overtaken:?}");
    assert!(shop.says().contains("翡翠助手"));
    shop.workshop.publish(&reason("second"), true).unwrap();
    assert!(shop.says().contains("玛瑙助手"));
    assert_eq!(fs::read_to_string(shop.workshop.target().join("NOTES.txt")).unwrap(), "ours");
    shop.workshop.roll_back(None, &reason("back to the edit by hand")).unwrap();
    assert!(shop.says().contains("翡翠助手"));
    assert_eq!(shop.history().len(), 5);
}

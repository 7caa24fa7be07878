use proptest::prelude::*;

use super::*;

fn meanings(id: &str, shop: &str, kind: RecordKind, vectors: &[[f32; 4]]) -> Meanings {
    let rows: Vec<Row> =
        vectors.iter().map(|numbers| Row::of(&Vector::normalised(numbers.to_vec()))).collect();
    Meanings::new((format!("{shop}/{id}"), shop.into(), kind, id.into()), &rows)
}

fn filled() -> Vectors {
    let mut vectors = Vectors::default();
    vectors.put(meanings("a", "one", RecordKind::Knowledge, &[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]));
    vectors.put(meanings("b", "one", RecordKind::Product, &[[1.0, 1.0, 0.0, 0.0]]));
    vectors.put(meanings("c", "two", RecordKind::Knowledge, &[[0.0, 1.0, 0.0, 0.0]]));
    vectors
}

fn question(numbers: [f32; 4]) -> Row {
    Row::of(&Vector::normalised(numbers.to_vec()))
}

fn found(vectors: &Vectors, numbers: [f32; 4], kinds: &[RecordKind], most: usize) -> Vec<String> {
    let near = vectors.nearest(&question(numbers), "one", kinds, most);
    near.into_iter().map(|(_, one)| one.id.clone()).collect()
}

#[test]
fn the_nearest_text_of_a_record_counts_and_shops_are_apart() {
    let vectors = filled();
    let up = [0.0, 1.0, 0.0, 0.0];
    assert_eq!(found(&vectors, up, &[], 9), ["a", "b"]);
    assert_eq!(found(&vectors, up, &[], 1), ["a"]);
    assert_eq!(found(&vectors, up, &[RecordKind::Product], 9), ["b"]);
    assert!(found(&vectors, up, &[], 0).is_empty());
    let likeness = vectors.likeness("one/b", &question(up)).unwrap();
    assert!((likeness - 0.5_f32.sqrt()).abs() < 0.01, "{likeness}");
    assert_eq!(vectors.likeness("one/c", &question(up)), None);
}

#[test]
fn records_are_replaced_and_removed() {
    let mut vectors = filled();
    vectors.put(meanings("a", "one", RecordKind::Knowledge, &[[0.0, 0.0, 1.0, 0.0]]));
    assert_eq!((vectors.len(), found(&vectors, [0.0, 1.0, 0.0, 0.0], &[], 1)), (3, vec!["b".to_owned()]));
    vectors.remove("one/a");
    vectors.remove("one/a");
    assert!(!vectors.has("one/a") && vectors.has("one/b") && vectors.has("two/c"));
    vectors.remove("two/c");
    assert_eq!(found(&vectors, [1.0, 0.0, 0.0, 0.0], &[], 9), ["b"]);
}

#[test]
fn a_file_gives_back_what_was_written_and_damage_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors.bin");
    assert!(Vectors::read(&path, "e5").unwrap().is_none());
    let vectors = filled();
    vectors.write(&path, "e5").unwrap();
    assert_eq!(Vectors::read(&path, "e5").unwrap().unwrap().all, vectors.all);
    assert!(Vectors::read(&path, "another").unwrap().is_none());
    let whole = fs::read(&path).unwrap();
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        assert!(Vectors::read(&path, "e5").is_err(), "{end}");
    }
}

proptest! {
    #[test]
    fn rounding_to_bytes_hardly_changes_a_cosine(
        one in prop::collection::vec(-1.0_f32..1.0, 64),
        two in prop::collection::vec(-1.0_f32..1.0, 64),
    ) {
        let (one, two) = (Vector::normalised(one), Vector::normalised(two));
        let (first, second) = (Row::of(&one), Row::of(&two));
        let rounded = first.cosine(second.scale, &second.numbers);
        prop_assert!((rounded - one.cosine(&two)).abs() < 0.01, "{rounded} {}", one.cosine(&two));
        prop_assert!(first.vector().cosine(&one) > 0.999);
    }
}

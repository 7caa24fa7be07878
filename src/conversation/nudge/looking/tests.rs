use super::*;

#[test]
fn what_was_put_aside_lets_others_go_first_for_a_while_and_comes_again() {
    let at = |seconds: i64| Timestamp::from_second(1_795_000_000 + seconds).unwrap();
    let mut aside = PutAside::default();
    assert_eq!(aside.after(at(0)), 0);
    aside.put(256, at(0));
    aside.put(512, at(30));
    assert_eq!((aside.after(at(30)), aside.after(at(59))), (512, 512));
    assert_eq!((aside.after(at(60)), aside.after(at(61))), (0, 0), "a minute after the first of them");
    aside.put(256, at(61));
    assert_eq!(aside.after(at(-3_600)), 0, "the clock was put back");
}

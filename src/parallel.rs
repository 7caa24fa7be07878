//! How is work on many things shared among all processors?

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

/// Works on equal shares of some items side by side, one for each processor, and gives what comes of them in the items'
/// order. A single item is worked on by the thread that asks.
///
/// # Panics
/// If the work does.
pub fn in_shares<T: Sync, R: Send>(items: &[T], work: impl Fn(&[T]) -> Vec<R> + Sync) -> Vec<R> {
    if items.len() < 2 {
        return work(items);
    }
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(processors);
    let work = &work;
    thread::scope(|scope| {
        let parts: Vec<_> = items.chunks(share).map(|part| scope.spawn(move || work(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_of_shares_keeps_the_order_of_the_items() {
        for count in [0_usize, 1, 2, 7, 100] {
            let items: Vec<usize> = (0..count).collect();
            let doubled = in_shares(&items, |share| share.iter().map(|item| item * 2).collect());
            assert_eq!(doubled, (0..count).map(|item| item * 2).collect::<Vec<_>>());
        }
    }
}

//! What does a conversation remember of a word that was said first, so that "多少钱" and "要" are understood?

use crate::turn::types::{Memory, Pending};

/// How many products talked about are remembered.
const PRODUCTS: usize = 5;

/// What a word leaves in the memory of its conversation. It is put into the memory as it is when the word is sent: what the
/// customer said in the meantime is not lost over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    /// The fact id of the product that is talked about from then on.
    pub product: Option<String>,
    /// The fact id of the order.
    pub order: Option<String>,
    /// What was offered.
    pub offered: Pending,
}

impl Remembered {
    /// The memory with it. Whether the assistant has said what it is stays as it was: the word did not say so.
    pub fn put_into(self, memory: &mut Memory) {
        if let Some(product) = self.product {
            memory.products.retain(|known| *known != product);
            memory.products.push(product);
            let surplus = memory.products.len().saturating_sub(PRODUCTS);
            memory.products.drain(..surplus);
        }
        if let Some(order) = self.order {
            memory.order = Some(order);
        }
        memory.pending = Some(self.offered);
    }
}

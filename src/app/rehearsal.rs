//! A few turns before the first customer comes. Expressions are compiled and pages of the store are read when they are
//! first needed, which together takes hundreds of milliseconds: nobody should wait for that.

use std::sync::Arc;

use super::Trial;
use crate::conversation::Services;
use crate::identity::{ConversationId, Scope, ShopId};
use crate::pack::types::Pack;

/// So many messages are rehearsed.
const MESSAGES: usize = 8;

/// Has messages answered that nobody wrote: nothing is stored and nobody hears it. What goes wrong is only told, as a
/// customer's message would end in approved wording then, too.
pub(super) async fn run(services: &Services, shop: &ShopId) {
    let trial = Trial::over(services);
    let rules = services.rules.load_full();
    let conversation = ConversationId::generate();
    let scope = Scope::anonymous(shop.clone());
    for message in messages(&rules.pack) {
        if let Err(error) = trial.say_by(Arc::clone(&rules), &scope, &conversation, message).await {
            tracing::warn!(%error, "a rehearsed turn failed");
        }
    }
}

/// Examples of the pack, of intents far apart.
fn messages(pack: &Pack) -> impl Iterator<Item = &str> {
    let step = (pack.intents.len() / MESSAGES).max(1);
    let intents = pack.intents.iter().step_by(step).take(MESSAGES);
    intents.filter_map(|intent| intent.examples.first()).map(String::as_str)
}

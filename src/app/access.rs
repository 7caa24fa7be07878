//! The access port: keys, sessions and the signing secret come from the store.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::conversation::AtDesk;
use crate::http::ports::{Access, Answer, OpenedSession, SESSION_PREFIX, Session};
use crate::identity::{Identity, Scope, ShopId, StaffKey, VisitorId};
use crate::store::{NewConversation, Store};
use crate::time::Clock;
use crate::turn::types::Memory;

/// Checks keys and opens sessions.
pub struct AccessPort {
    /// Learns that somebody is there.
    pub at_desk: AtDesk,
    /// Where they are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The shop's signing secret, which does not change while the application runs.
    pub secret: SecretString,
}

impl Access for AccessPort {
    fn key<'a>(&'a self, presented: &'a str) -> Answer<'a, Option<StaffKey>> {
        Box::pin(async move {
            let key = self.store.check_key(presented, &self.clock.now()).await?;
            if let Some(key) = &key {
                self.at_desk.shows(&key.staff_scope());
            }
            Ok(key)
        })
    }

    fn customer_secret<'a>(&'a self, shop: &'a ShopId) -> Answer<'a, SecretString> {
        Box::pin(async move {
            if *shop == ShopId::default() {
                return Ok(self.secret.clone());
            }
            Ok(self.store.shop_secret(shop, None, &self.clock.now()).await?.secret)
        })
    }

    fn open_session(&self, shop: ShopId, identity: Identity) -> Answer<'_, OpenedSession> {
        Box::pin(async move {
            let now = self.clock.now();
            let visitor = match &identity {
                Identity::Anonymous(Some(visitor)) => visitor.clone(),
                _ => VisitorId::generate(),
            };
            let identity = match identity {
                proven @ Identity::Customer(_) => proven,
                // A session is opened by what its request proves, which is never an order of another conversation.
                Identity::Anonymous(_) | Identity::Holder(_) => Identity::Anonymous(Some(visitor.clone())),
            };
            let scope = Scope { shop, identity };
            let conversation = match self.store.unfinished_conversation(&scope, &now).await? {
                Some(unfinished) => unfinished,
                None => {
                    let new = NewConversation { channel: "widget".into(), memory: Memory::default() };
                    self.store.open_conversation(&scope, new, &now).await?
                }
            };
            let token = self.store.create_session(&scope, &conversation.id, &visitor, &now).await?;
            let session = Session { conversation: conversation.id, visitor, scope };
            Ok(OpenedSession { token: format!("{SESSION_PREFIX}{}", token.expose_secret()), session })
        })
    }

    fn session<'a>(&'a self, token: &'a str) -> Answer<'a, Option<Session>> {
        Box::pin(async move {
            let Some(token) = token.strip_prefix(SESSION_PREFIX) else { return Ok(None) };
            let found = self.store.session(token, &self.clock.now()).await?;
            Ok(found.map(|session| Session {
                conversation: session.conversation,
                visitor: session.visitor,
                scope: session.scope,
            }))
        })
    }

    fn join_visitor<'a>(&'a self, customer: &'a Scope, token: &'a str) -> Answer<'a, bool> {
        Box::pin(async move {
            let Some(token) = token.strip_prefix(SESSION_PREFIX) else { return Ok(false) };
            Ok(self.store.join_visitor(customer, token, &self.clock.now()).await?)
        })
    }
}

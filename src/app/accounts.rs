//! The accounts port: staff, their sessions and the audit come from the store.

use std::sync::Arc;

use crate::conversation::AtDesk;
use crate::http::ports::{Accounts, Answer};
use crate::identity::{ShopId, StaffScope};
use crate::staff::{
    AuditEntry, AuditFilter, NewStaff, OwnPassword, SignIn, SignedIn, StaffAccount, StaffChange, StaffName,
};
use crate::store::Store;
use crate::time::Clock;

/// Knows who works at the desk.
pub struct AccountsPort {
    /// Learns that somebody is there.
    pub at_desk: AtDesk,
    /// Where they are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Accounts for AccountsPort {
    fn sign_in(&self, shop: ShopId, attempt: SignIn) -> Answer<'_, Option<SignedIn>> {
        Box::pin(async move { Ok(self.store.sign_in(&shop, attempt, &self.clock.now()).await?) })
    }

    fn session<'a>(&'a self, token: &'a str) -> Answer<'a, Option<StaffAccount>> {
        Box::pin(async move {
            let account = self.store.staff_session(token, &self.clock.now()).await?;
            if let Some(account) = &account {
                self.at_desk.shows(&account.scope());
            }
            Ok(account)
        })
    }

    fn stands<'a>(&'a self, token: &'a str) -> Answer<'a, bool> {
        Box::pin(async move { Ok(self.store.staff_session_stands(token, &self.clock.now()).await?) })
    }

    fn sign_out<'a>(&'a self, staff: StaffScope, token: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { Ok(self.store.sign_out(&staff, token, &self.clock.now()).await?) })
    }

    fn change_own_password(&self, staff: StaffScope, change: OwnPassword) -> Answer<'_, bool> {
        Box::pin(async move { Ok(self.store.change_own_password(&staff, change, &self.clock.now()).await?) })
    }

    fn list(&self, staff: StaffScope) -> Answer<'_, Vec<StaffAccount>> {
        Box::pin(async move { Ok(self.store.staff_accounts(&staff).await?) })
    }

    fn create(&self, staff: StaffScope, new: NewStaff) -> Answer<'_, StaffAccount> {
        Box::pin(async move { Ok(self.store.create_staff(&staff, new, &self.clock.now()).await?) })
    }

    fn change(&self, staff: StaffScope, name: StaffName, change: StaffChange) -> Answer<'_, StaffAccount> {
        Box::pin(async move { Ok(self.store.change_staff(&staff, &name, change, &self.clock.now()).await?) })
    }

    fn audit(&self, staff: StaffScope, filter: AuditFilter) -> Answer<'_, Vec<AuditEntry>> {
        Box::pin(async move { Ok(self.store.audit_entries(&staff, &filter).await?) })
    }
}

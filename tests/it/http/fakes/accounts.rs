//! Accounts in memory: an agent, a lead and an admin, each with a password that begins with the name.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use warmdesk::http::ports::{Accounts, Answer, PortError};
use warmdesk::identity::{ShopId, StaffScope};
use warmdesk::staff::{
    AuditEntry, AuditFilter, NewStaff, OwnPassword, Role, SignIn, SignedIn, StaffAccount, StaffChange,
    StaffName,
};

use super::{Fake, answer, moment};

/// The accounts, and whose each session is.
pub struct Book {
    accounts: BTreeMap<String, StaffAccount>,
    sessions: BTreeMap<String, String>,
    audit: Vec<AuditEntry>,
}

impl Default for Book {
    fn default() -> Self {
        let accounts =
            [("lin", Role::Agent), ("mei", Role::Agent), ("zhou", Role::Lead), ("wu", Role::Admin)];
        let accounts = accounts.into_iter().map(|(name, role)| (name.to_owned(), account(name, name, role)));
        Self { accounts: accounts.collect(), sessions: BTreeMap::new(), audit: Vec::new() }
    }
}

fn account(name: &str, display_name: &str, role: Role) -> StaffAccount {
    StaffAccount {
        shop: ShopId::default(),
        name: name.to_owned(),
        display_name: display_name.to_owned(),
        role,
        active: true,
        created_at: moment(),
        last_login_at: None,
    }
}

/// The password of an account of the fake.
pub fn password(name: &str) -> String {
    format!("{name}: a long password")
}

impl Fake {
    /// Ends every session, as a change of the account does.
    pub fn revoke_sessions(&self) {
        self.inner.lock().unwrap().staff.sessions.clear();
    }

    fn account_of(&self, token: &str) -> Option<StaffAccount> {
        let inner = self.inner.lock().unwrap();
        let name = inner.staff.sessions.get(token)?;
        inner.staff.accounts.get(name).filter(|account| account.active).cloned()
    }
}

impl Accounts for Fake {
    fn sign_in(&self, _shop: ShopId, attempt: SignIn) -> Answer<'_, Option<SignedIn>> {
        let mut inner = self.inner.lock().unwrap();
        let known = inner.staff.accounts.get(&attempt.name).cloned();
        let right = attempt.password.expose_secret() == password(&attempt.name);
        let Some(account) = known.filter(|account| right && account.active) else { return answer(Ok(None)) };
        let token = format!("token{}", inner.staff.sessions.len());
        inner.staff.sessions.insert(token.clone(), account.name.clone());
        answer(Ok(Some(SignedIn { token: SecretString::from(token), account })))
    }

    fn session<'a>(&'a self, token: &'a str) -> Answer<'a, Option<StaffAccount>> {
        answer(Ok(self.account_of(token)))
    }

    fn stands<'a>(&'a self, token: &'a str) -> Answer<'a, bool> {
        answer(Ok(self.account_of(token).is_some()))
    }

    fn sign_out<'a>(&'a self, _staff: StaffScope, token: &'a str) -> Answer<'a, ()> {
        self.inner.lock().unwrap().staff.sessions.remove(token);
        answer(Ok(()))
    }

    fn change_own_password(&self, staff: StaffScope, change: OwnPassword) -> Answer<'_, bool> {
        let right = change.current.expose_secret() == password(&staff.actor);
        if right {
            let sessions = &mut self.inner.lock().unwrap().staff.sessions;
            sessions.retain(|token, name| *name != staff.actor || token == change.token.expose_secret());
        }
        answer(Ok(right))
    }

    fn list(&self, _staff: StaffScope) -> Answer<'_, Vec<StaffAccount>> {
        answer(Ok(self.inner.lock().unwrap().staff.accounts.values().cloned().collect()))
    }

    fn create(&self, staff: StaffScope, new: NewStaff) -> Answer<'_, StaffAccount> {
        let mut inner = self.inner.lock().unwrap();
        let made = account(new.name.as_str(), new.display_name.as_str(), new.role);
        if inner.staff.accounts.contains_key(&made.name) {
            return answer(Err(PortError::Conflict("the name is taken".into())));
        }
        inner.staff.accounts.insert(made.name.clone(), made.clone());
        inner.staff.audit.push(AuditEntry {
            actor: staff.actor,
            action: "create_staff".into(),
            subject: format!("staff:{}", made.name),
            detail: String::new(),
            at: moment(),
        });
        answer(Ok(made))
    }

    fn change(&self, _staff: StaffScope, name: StaffName, change: StaffChange) -> Answer<'_, StaffAccount> {
        let mut inner = self.inner.lock().unwrap();
        let Some(account) = inner.staff.accounts.get_mut(name.as_str()) else {
            return answer(Err(PortError::NotFound("account")));
        };
        account.role = change.role.unwrap_or(account.role);
        account.active = change.active.unwrap_or(account.active);
        if let Some(display_name) = change.display_name {
            account.display_name = display_name.as_str().to_owned();
        }
        answer(Ok(account.clone()))
    }

    fn audit(&self, _staff: StaffScope, filter: AuditFilter) -> Answer<'_, Vec<AuditEntry>> {
        let inner = self.inner.lock().unwrap();
        let asked = |entry: &&AuditEntry| {
            filter.subject.as_ref().is_none_or(|subject| *subject == entry.subject)
                && filter.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
        };
        let limit = usize::try_from(filter.limit).unwrap();
        answer(Ok(inner.staff.audit.iter().rev().filter(asked).take(limit).cloned().collect()))
    }
}

//! How somebody changes the own password: by the one until now, with a line in the audit, and without the account's other
//! sessions from then on.

use super::sessions::{end_others, is_unchanged, shown};
use super::{subject, update};
use crate::identity::StaffScope;
use crate::staff::{self, OwnPassword, StaffChange};
use crate::store::tickets::audit;
use crate::store::{Store, StoreError};
use crate::time::Now;

impl Store {
    /// Changes the password of the account that acts, if the one until now is right; whether it was. The session in which
    /// it is changed goes on.
    pub async fn change_own_password(
        &self,
        staff: &StaffScope,
        change: OwnPassword,
        now: &Now,
    ) -> Result<bool, StoreError> {
        let OwnPassword { token, current, password, address } = change;
        let kept = self.account_named(&staff.shop, &staff.actor).await?;
        let right = staff::matches(kept.as_ref().map(|kept| kept.password.clone()), current).await?;
        let hashed = if right { Some(staff::hash(password).await?) } else { None };
        let (staff, now) = (staff.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let subject = subject(&staff.actor);
                if let (Some(kept), Some(hashed)) = (&kept, &hashed)
                    && is_unchanged(transaction, kept).await?
                {
                    update(transaction, kept.number, (&StaffChange::default(), Some(hashed))).await?;
                    end_others(transaction, kept.number, &token).await?;
                    audit(transaction, &staff, ("change_password", &subject, ""), &now).await?;
                    return Ok(true);
                }
                let from = shown(address);
                audit(transaction, &staff, ("change_password_failed", &subject, &from), &now).await?;
                Ok(false)
            })
        })
        .await
    }
}

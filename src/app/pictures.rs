//! The pictures port: keeps what customers send, and shows it to them and to the desk.

use std::sync::Arc;

use crate::http::ports::{Answer, Pictures, PortError, Reader};
use crate::identity::{PictureId, Scope};
use crate::pictures::{NewPicture, Picture, PictureLimits};
use crate::store::{Keeping, Store};
use crate::time::Clock;

/// Keeps pictures.
pub struct PicturesPort {
    /// Where they are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How many are taken.
    pub limits: PictureLimits,
}

impl Pictures for PicturesPort {
    fn keep(&self, scope: Scope, picture: NewPicture) -> Answer<'_, Picture> {
        Box::pin(async move {
            match self.store.keep_picture(&scope, picture, self.limits, &self.clock.now()).await? {
                Keeping::Kept(picture) => Ok(picture),
                Keeping::TooMany { retry_after_seconds } => Err(PortError::Busy { retry_after_seconds }),
            }
        })
    }

    fn show(&self, reader: Reader, picture: PictureId) -> Answer<'_, (Picture, Vec<u8>)> {
        Box::pin(async move {
            let picture = match &reader {
                Reader::Customer(scope) => self.store.picture(scope, &picture).await?,
                Reader::Staff(staff) => self.store.picture_for_staff(staff, &picture).await?,
            };
            let bytes = self.store.picture_bytes(&picture).await?;
            Ok((picture, bytes))
        })
    }

    fn own(&self, scope: Scope, picture: PictureId) -> Answer<'_, Picture> {
        Box::pin(async move { Ok(self.store.picture(&scope, &picture).await?) })
    }
}

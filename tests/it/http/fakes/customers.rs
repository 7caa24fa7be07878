//! Pictures, typing signs and ratings in memory.

use warmdesk::pictures::NewPicture;

use super::*;

/// So many pictures are taken of everybody together.
pub const ROOM_FOR: usize = 3;

impl Pictures for Fake {
    fn keep(&self, scope: Scope, picture: NewPicture) -> Answer<'_, Picture> {
        let mut inner = self.inner.lock().unwrap();
        if inner.pictures.len() >= ROOM_FOR {
            return answer(Err(PortError::Busy { retry_after_seconds: 1800 }));
        }
        let kept = Picture {
            id: PictureId::generate(),
            kind: picture.kind,
            bytes: picture.bytes.len() as u64,
            sha256: "ab".repeat(32),
            at: moment(),
        };
        inner.pictures.insert(kept.id.clone(), (scope, kept.clone(), picture.bytes));
        answer(Ok(kept))
    }

    fn show(&self, reader: Reader, picture: PictureId) -> Answer<'_, (Picture, Vec<u8>)> {
        let inner = self.inner.lock().unwrap();
        let found = inner.pictures.get(&picture).filter(|(owner, _, _)| match &reader {
            Reader::Staff(_) => true,
            Reader::Customer(scope) => owner == scope,
        });
        let found = found.map(|(_, picture, bytes)| (picture.clone(), bytes.clone()));
        answer(found.ok_or(PortError::NotFound("picture")))
    }

    fn own(&self, scope: Scope, picture: PictureId) -> Answer<'_, Picture> {
        let inner = self.inner.lock().unwrap();
        let found = inner.pictures.get(&picture).filter(|(owner, _, _)| *owner == scope);
        answer(found.map(|(_, picture, _)| picture.clone()).ok_or(PortError::NotFound("picture")))
    }
}

impl Fake {
    fn sign(&self, conversation: &ConversationId, side: Side, name: Option<String>) {
        let ticket = self.inner.lock().unwrap().talks[conversation].ticket.clone();
        if let Some(ticket) = ticket {
            let sign = TypingSign { conversation: conversation.clone(), ticket, side, name };
            let _nobody_listens = self.signs.send(sign);
        }
    }

    fn signs(&self, wanted: impl Fn(&TypingSign) -> bool + Send + 'static) -> TypingSigns {
        let signs = BroadcastStream::new(self.signs.subscribe());
        signs.filter_map(move |sign| std::future::ready(sign.ok().filter(&wanted))).boxed()
    }
}

impl Typing for Fake {
    fn customer(&self, scope: Scope, conversation: ConversationId) -> Answer<'_, ()> {
        let own = self.inner.lock().unwrap().talks.get(&conversation).is_some_and(|talk| talk.scope == scope);
        if !own {
            return answer(Err(PortError::NotFound("conversation")));
        }
        self.sign(&conversation, Side::Customer, None);
        answer(Ok(()))
    }

    fn staff(&self, staff: StaffScope, ticket: TicketId) -> Answer<'_, ()> {
        let found = self.inner.lock().unwrap().tickets.get(&ticket).map(|(ticket, _)| ticket.clone());
        let Some(ticket) = found else { return answer(Err(PortError::NotFound("ticket"))) };
        self.sign(&ticket.conversation, Side::Staff, Some(staff.actor));
        answer(Ok(()))
    }

    fn in_conversation(&self, reader: &Reader, conversation: &ConversationId) -> TypingSigns {
        let (conversation, customer) = (conversation.clone(), matches!(reader, Reader::Customer(_)));
        self.signs(move |sign| sign.conversation == conversation && (sign.side == Side::Staff) == customer)
    }

    fn at_desk(&self, _staff: &StaffScope) -> TypingSigns {
        self.signs(|sign| sign.side == Side::Customer)
    }
}

impl Ratings for Fake {
    fn rate(&self, scope: Scope, conversation: ConversationId, new: NewRating) -> Answer<'_, Rating> {
        let mut inner = self.inner.lock().unwrap();
        let own = inner.talks.get(&conversation).is_some_and(|talk| talk.scope == scope);
        if !own {
            return answer(Err(PortError::NotFound("conversation")));
        }
        let resolved =
            inner.tickets.values().map(|(ticket, _)| ticket).find(|ticket| {
                ticket.conversation == conversation && ticket.status == TicketStatus::Resolved
            });
        let Some(ticket) = resolved.map(|ticket| ticket.id.clone()) else {
            return answer(Err(PortError::Conflict("the matter is not resolved yet".into())));
        };
        if inner.ratings.contains_key(&ticket) {
            return answer(Err(PortError::Conflict("the matter was rated before".into())));
        }
        let rating = Rating { ticket: ticket.clone(), score: new.score, text: new.text, at: moment() };
        inner.ratings.insert(ticket, rating.clone());
        self.announce_desk(&mut inner, DeskEvent::Rating(rating.clone()));
        answer(Ok(rating))
    }
}

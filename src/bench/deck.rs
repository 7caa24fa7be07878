//! Who asks what next? Questions in a shuffled order, so that nobody has two questions open at a time.

use std::collections::{HashMap, HashSet};

use super::Question;
use super::schedule::Random;

/// Deals questions.
///
/// A person does not send the next question before the last one is answered; a server rightly takes that for one
/// burst. So a question of a customer who is still being answered is passed over for the moment.
#[derive(Debug)]
pub(super) struct Deck {
    questions: Vec<Question>,
    waiting: Vec<usize>,
    random: Random,
    open: HashSet<Asker>,
    conversations: Option<usize>,
    next_conversation: usize,
    known: HashMap<Asker, String>,
}

/// Who asks, as far as conversations go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Asker {
    /// A customer, who has one conversation at a time.
    Customer(String),
    /// An anonymous conversation that is gone on with.
    Conversation(usize),
    /// An anonymous conversation that is new each time.
    Nobody,
}

/// A question that was dealt. Has to be given back.
#[derive(Debug, Clone)]
pub(super) struct Dealt {
    /// The question.
    pub(super) question: Question,
    /// The conversation to go on with.
    pub(super) conversation: Option<String>,
    asker: Asker,
}

impl Dealt {
    /// A question outside any deck, in a conversation of its own.
    pub(super) fn alone(question: Question) -> Self {
        Self { question, conversation: None, asker: Asker::Nobody }
    }
}

impl Deck {
    /// A deck of questions. `conversations` are gone on with if given; otherwise each question opens its own.
    pub(super) fn new(questions: Vec<Question>, conversations: Option<usize>, seed: u64) -> Self {
        Self {
            questions,
            waiting: Vec::new(),
            random: Random::new(seed),
            open: HashSet::new(),
            conversations,
            next_conversation: 0,
            known: HashMap::new(),
        }
    }

    /// How many of the questions have a customer, and how many there are.
    pub(super) fn signed_share(&self) -> (usize, usize) {
        let signed = self.questions.iter().filter(|question| question.customer.is_some()).count();
        (signed, self.questions.len().max(1))
    }

    /// Whether each question opens its own conversation.
    pub(super) fn opens_new_conversations(&self) -> bool {
        self.conversations.is_none()
    }

    /// The next question. Only if everybody is being answered, somebody asks twice.
    pub(super) fn deal(&mut self) -> Dealt {
        let mut position = self.free_position();
        if position.is_none() && self.waiting.len() <= self.questions.len() {
            self.refill();
            position = self.free_position();
        }
        let index = self.waiting.remove(position.unwrap_or(0));
        let question = self.questions[index].clone();
        let asker = match (&question.customer, self.conversations) {
            (Some(customer), _) => Asker::Customer(customer.clone()),
            (None, Some(conversations)) => self.free_conversation(conversations),
            (None, None) => Asker::Nobody,
        };
        if asker != Asker::Nobody {
            self.open.insert(asker.clone());
        }
        Dealt { question, conversation: self.known.get(&asker).cloned(), asker }
    }

    /// Takes a question back. With the conversation it was answered in, if that is to be gone on with.
    pub(super) fn give_back(&mut self, dealt: Dealt, conversation: Option<String>) {
        self.open.remove(&dealt.asker);
        if self.conversations.is_none() || dealt.asker == Asker::Nobody {
            return;
        }
        match conversation {
            Some(conversation) => self.known.insert(dealt.asker, conversation),
            None => self.known.remove(&dealt.asker),
        };
    }

    fn free_position(&self) -> Option<usize> {
        self.waiting.iter().position(|&index| match &self.questions[index].customer {
            Some(customer) => !self.open.contains(&Asker::Customer(customer.clone())),
            None => true,
        })
    }

    /// Adds every question once more behind those that were passed over.
    fn refill(&mut self) {
        let mut order: Vec<usize> = (0..self.questions.len()).collect();
        self.random.shuffle(&mut order);
        self.waiting.extend(order);
    }

    fn free_conversation(&mut self, conversations: usize) -> Asker {
        let start = self.next_conversation;
        let all = (0..conversations).map(|step| (start + step) % conversations);
        let free = all.clone().find(|&slot| !self.open.contains(&Asker::Conversation(slot)));
        let slot = free.unwrap_or(start % conversations);
        self.next_conversation = slot + 1;
        Asker::Conversation(slot)
    }
}

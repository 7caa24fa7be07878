//! A model whose answers are written beforehand: for tests, whole-dialogue files and measurements without weights.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{
    ChatModel, Finish, Generation, GenerationRequest, GenerationUsage, ModelError, ModelState, Prompt,
    estimate_tokens,
    generation::{Sink, channel},
};

/// How often a waiting script looks whether its listener has gone.
const GLANCE: Duration = Duration::from_millis(2);

type Script = Box<dyn Fn(&Prompt) -> String + Send + Sync>;

/// Answers by a script, streamed word by word, and can be told to misbehave.
pub struct ScriptedModel {
    name: String,
    script: Script,
    inner: Mutex<Inner>,
}

struct Inner {
    behaviour: Behaviour,
    first_delay: Duration,
    word_delay: Duration,
    prompts: Vec<Prompt>,
}

/// What a [`ScriptedModel`] does with the next request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers by the script.
    Answer,
    /// Refuses as a full queue does.
    Busy,
    /// Refuses as a missing model does, and says so in its state.
    Absent,
    /// Refuses as a loading model does.
    Loading,
    /// Accepts and says nothing until the deadline or until the listener goes.
    Hang,
    /// Writes half of the answer, then fails.
    FailHalfway,
}

impl ScriptedModel {
    /// Answers with what `script` makes of the prompt.
    pub fn new(script: impl Fn(&Prompt) -> String + Send + Sync + 'static) -> Self {
        let inner = Inner {
            behaviour: Behaviour::Answer,
            first_delay: Duration::ZERO,
            word_delay: Duration::ZERO,
            prompts: Vec::new(),
        };
        Self { name: "scripted".to_owned(), script: Box::new(script), inner: Mutex::new(inner) }
    }

    /// Answers with the first reply whose key occurs in the prompt's text, else with `otherwise`.
    pub fn by_substring<K, R>(
        replies: impl IntoIterator<Item = (K, R)>,
        otherwise: impl Into<String>,
    ) -> ScriptedModel
    where
        K: Into<String>,
        R: Into<String>,
    {
        let replies: Vec<(String, String)> =
            replies.into_iter().map(|(key, reply)| (key.into(), reply.into())).collect();
        let otherwise = otherwise.into();
        Self::new(move |prompt| {
            let text = prompt.text();
            let reply = replies.iter().find(|(key, _)| text.contains(key));
            reply.map_or_else(|| otherwise.clone(), |(_, reply)| reply.clone())
        })
    }

    /// Waits before the first word (as for reading the prompt) and before each further one.
    #[must_use]
    pub fn with_delays(self, first: Duration, word: Duration) -> Self {
        {
            let mut inner = self.lock();
            inner.first_delay = first;
            inner.word_delay = word;
        }
        self
    }

    /// Changes what happens to the requests from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.lock().behaviour = behaviour;
    }

    /// The prompts accepted so far, oldest first.
    pub fn prompts(&self) -> Vec<Prompt> {
        self.lock().prompts.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ScriptedModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ScriptedModel").field("behaviour", &self.lock().behaviour).finish()
    }
}

impl ChatModel for ScriptedModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&self) -> ModelState {
        match self.lock().behaviour {
            Behaviour::Absent => ModelState::Absent { reason: "the script says so".to_owned() },
            Behaviour::Loading => ModelState::Loading,
            _ => ModelState::Ready,
        }
    }

    fn generate(&self, request: GenerationRequest) -> Result<Generation, ModelError> {
        if let Some(refusal) = self.state().refusal() {
            return Err(refusal);
        }
        let (behaviour, first_delay, word_delay) = {
            let mut inner = self.lock();
            if inner.behaviour == Behaviour::Busy {
                return Err(ModelError::Busy);
            }
            inner.prompts.push(request.prompt.clone());
            (inner.behaviour.clone(), inner.first_delay, inner.word_delay)
        };
        let mut words = words((self.script)(&request.prompt));
        let fails = behaviour == Behaviour::FailHalfway;
        if fails {
            words.truncate(words.len() / 2);
        }
        let (sink, generation) = channel();
        let prompt_tokens = estimate_tokens(&request.prompt.text());
        let recital = Recital { words, fails, prompt_tokens, max_tokens: request.max_tokens };
        if behaviour == Behaviour::Hang {
            let deadline = request.deadline;
            thread::spawn(move || recital.hang(&sink, deadline));
        } else if first_delay.is_zero() && word_delay.is_zero() {
            recital.speak(&sink, [Duration::ZERO; 2], request.deadline);
        } else {
            thread::spawn(move || recital.speak(&sink, [first_delay, word_delay], request.deadline));
        }
        Ok(generation)
    }

    fn count_tokens(&self, text: &str) -> usize {
        estimate_tokens(text)
    }
}

struct Recital {
    words: Vec<String>,
    fails: bool,
    prompt_tokens: usize,
    max_tokens: usize,
}

impl Recital {
    fn speak(self, sink: &Sink, [first, each]: [Duration; 2], deadline: Instant) {
        let started = Instant::now();
        if let Err(finish) = wait(sink, first, deadline) {
            return sink.end(Ok(self.usage(0, [started, started], finish)));
        }
        let reading_ended = Instant::now();
        let mut finish = Finish::Stop;
        let mut spoken = 0;
        for (index, word) in self.words.iter().enumerate() {
            let pause = if index == 0 { Duration::ZERO } else { each };
            if spoken == self.max_tokens {
                finish = Finish::Length;
                break;
            }
            if let Err(early) = wait(sink, pause, deadline) {
                finish = early;
                break;
            }
            sink.text(word.clone());
            spoken += 1;
        }
        if self.fails {
            return sink.end(Err(ModelError::Inference("the script fails here".to_owned())));
        }
        sink.end(Ok(self.usage(spoken, [started, reading_ended], finish)));
    }

    fn hang(self, sink: &Sink, deadline: Instant) {
        let started = Instant::now();
        let finish = loop {
            if let Err(finish) = wait(sink, GLANCE, deadline) {
                break finish;
            }
        };
        sink.end(Ok(self.usage(0, [started, Instant::now()], finish)));
    }

    fn usage(
        &self,
        generated_tokens: usize,
        [started, reading_ended]: [Instant; 2],
        finish: Finish,
    ) -> GenerationUsage {
        GenerationUsage {
            prompt_tokens: self.prompt_tokens,
            cached_tokens: 0,
            generated_tokens,
            queue_ms: 0.0,
            prompt_ms: (reading_ended - started).as_secs_f64() * 1000.0,
            decode_ms: reading_ended.elapsed().as_secs_f64() * 1000.0,
            finish,
        }
    }
}

/// Sleeps for `pause`, but ends early when nobody listens or the deadline comes.
fn wait(sink: &Sink, pause: Duration, deadline: Instant) -> Result<(), Finish> {
    let until = Instant::now() + pause;
    loop {
        if sink.is_abandoned() {
            return Err(Finish::Cancelled);
        }
        let now = Instant::now();
        if now >= deadline {
            return Err(Finish::Deadline);
        }
        if now >= until {
            return Ok(());
        }
        thread::sleep(GLANCE.min(until - now));
    }
}

/// Splits as a tokenizer roughly would: Latin words with their space, other characters in twos.
fn words(text: String) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for character in text.chars() {
        let latin = character.is_ascii_alphanumeric();
        let room = words.last().is_some_and(|word| latin || word.chars().count() < 2);
        match words.last_mut() {
            Some(word) if open && room && latin == word.ends_with(|c: char| c.is_ascii_alphanumeric()) => {
                word.push(character);
            }
            _ => words.push(character.to_string()),
        }
        open = !character.is_whitespace();
    }
    words
}

//! Does a model keep its promises? Checks that need real weights, for tests, `doctor` and measurements.

use std::time::{Duration, Instant};

use super::{
    CacheEnvironment, ChatModel, Finish, GenerationRequest, GenerationUsage, ModelCard, ModelError, Piece, Prompt,
    PromptMessage, PromptPart, Role, Sampling,
    cache::{self, FileStatus},
    engine::{Engine, EngineOptions, EngineSource},
};

/// Starts the engine with a card's weights and waits until it is ready; `None`, with the reason on standard
/// error, when the weights are not on this machine.
pub fn engine_if_present(
    card: &ModelCard,
    environment: &CacheEnvironment,
    options: EngineOptions,
) -> Option<Engine> {
    let file = card.weights()?;
    let weights = cache::file_path(card, file, environment)?;
    if !matches!(cache::glance(&weights, file), FileStatus::Verified | FileStatus::Unchecked) {
        eprintln!("skipped: no weights at {}; run `warmdesk model pull {}`", weights.display(), card.name);
        return None;
    }
    let source = EngineSource {
        name: card.name.clone(),
        weights,
        tokenizer: None,
        stated: Some(file.clone()),
        architecture: Some(card.architecture.clone()),
    };
    let engine = Engine::start(source, options).ok()?;
    engine.wait_until_settled(Duration::from_secs(120));
    Some(engine)
}

/// A prompt of one question under one instruction.
pub fn question(instruction: &str, question: &str) -> Prompt {
    Prompt {
        messages: vec![
            PromptMessage { role: Role::System, parts: vec![PromptPart::Trusted(instruction.to_owned())] },
            PromptMessage { role: Role::User, parts: vec![PromptPart::Untrusted(question.to_owned())] },
        ],
    }
}

/// A request for a greedy answer within `limit`.
pub fn greedy(prompt: Prompt, max_tokens: usize, limit: Duration) -> GenerationRequest {
    GenerationRequest { prompt, max_tokens, sampling: Sampling::Greedy, deadline: Instant::now() + limit }
}

/// A short grounded question must be answered, twice alike, with the fact that was given.
pub fn answers_from_evidence(model: &dyn ChatModel) -> Result<(String, GenerationUsage), String> {
    let prompt = question("你是网店客服，只根据资料用一句话回答。资料：这款奶瓶的容量是260毫升。", "这个奶瓶多大容量？");
    let ask = || ask(model, greedy(prompt.clone(), 24, Duration::from_secs(60)));
    let (first, usage) = ask()?;
    let (second, _) = ask()?;
    if first != second {
        return Err(format!("greedy answers differ: {first:?} and {second:?}"));
    }
    if !first.contains("260") {
        return Err(format!("the answer {first:?} lacks the number that the evidence gives"));
    }
    Ok((first, usage))
}

/// A dropped generation must free the engine, and a deadline must end one that runs and one that waits.
pub fn stops_when_told(model: &dyn ChatModel) -> Result<(), String> {
    let long = || question("你是网店客服。", "请详细介绍一下婴儿推车怎么选，越长越好。");
    let accepted = |error: ModelError| error.to_string();

    let mut running = model.generate(greedy(long(), 400, Duration::from_secs(60))).map_err(accepted)?;
    if !matches!(running.blocking_next(), Some(Piece::Text(_))) {
        return Err("the first piece is no text".to_owned());
    }
    let waiting = model.generate(greedy(long(), 400, Duration::from_millis(200))).map_err(accepted)?;
    let (text, usage) = waiting.blocking_collect();
    let usage = usage.map_err(|error| error.to_string())?;
    if usage.finish != Finish::Deadline || !text.is_empty() {
        return Err(format!("a request that only waited ended as {:?} with the text {text:?}", usage.finish));
    }
    drop(running);

    let (_, usage) = ask(model, greedy(long(), 400, Duration::from_secs(4)))?;
    if usage.finish != Finish::Deadline || usage.generated_tokens >= 400 {
        return Err(format!("a request with a deadline ended as {:?}", usage.finish));
    }
    if usage.queue_ms > 2000.0 {
        return Err(format!("the dropped generation held the engine for {} ms", usage.queue_ms));
    }
    Ok(())
}

/// The whole answer, or the failure as text.
pub fn ask(model: &dyn ChatModel, request: GenerationRequest) -> Result<(String, GenerationUsage), String> {
    let (text, usage) = model.generate(request).map_err(|error| error.to_string())?.blocking_collect();
    Ok((text, usage.map_err(|error| error.to_string())?))
}

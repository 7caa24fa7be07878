//! Does a model keep its promises? Checks that need real weights, for tests, `doctor` and measurements.

use std::time::{Duration, Instant};

use super::{
    CacheEnvironment, ChatModel, Finish, GenerationRequest, GenerationUsage, ModelCard, ModelError, Piece,
    Prompt, PromptMessage, PromptPart, Role, Sampling,
    cache::{self, FileStatus},
    engine::{Engine, EngineOptions, EngineSource, scores_by_chunk},
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
    let prompt = question(
        "你是网店客服，只根据资料用一句话回答。资料：这款奶瓶的容量是260毫升。",
        "这个奶瓶多大容量？",
    );
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

    let (_, usage) = ask(model, greedy(long(), 400, Duration::from_secs(6)))?;
    if usage.finish != Finish::Deadline || usage.generated_tokens >= 400 {
        return Err(format!("a request with a deadline ended as {:?}", usage.finish));
    }
    if usage.prompt_ms == 0.0 {
        return Err(format!("the dropped generation held the engine for {} ms", usage.queue_ms));
    }
    Ok(())
}

/// How far the scores after a prompt differ between reading it whole and in chunks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChunkingDifference {
    /// The largest difference of any token's score, as a share of the spread (standard deviation) of all scores.
    /// Rounding of the activations to eight bits makes a few hundredths; a wrong mask or position makes more
    /// than one.
    pub largest: f32,
    /// Whether the most likely next token is the same.
    pub same_choice: bool,
}

/// Reads one prompt whole and in the default chunks, one after the other with the same weights: the scores must
/// agree, whatever was read before. `None` when the weights are not on this machine.
pub fn chunking_difference(
    card: &ModelCard,
    environment: &CacheEnvironment,
) -> Option<Result<ChunkingDifference, ModelError>> {
    let weights = cache::weights_path(card, environment).filter(|path| path.exists());
    let Some(weights) = weights else {
        eprintln!("skipped: no weights of {}; run `warmdesk model pull {0}`", card.name);
        return None;
    };
    let prompt = question(
        "你是网店客服，语气温和，先安抚顾客的情绪，再说明情况，最后给出办法，只根据资料回答，不编造数字和日期。",
        "资料：订单已于周一下午发货，承运方是顺丰，最后一条记录显示包裹在武汉转运中心停留，等待下一班车。\n\
         问题：我的包裹三天没有更新了，怎么回事，是不是丢了？",
    );
    let chunks = [usize::MAX, EngineOptions::default().prompt_chunk];
    Some(scores_by_chunk(&weights, &prompt, &chunks).map(|scores| {
        let choice = |scores: &[f32]| (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        let (whole, others) = (&scores[0], &scores[1..]);
        let difference =
            |other: &Vec<f32>| whole.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        ChunkingDifference {
            largest: others.iter().map(difference).fold(0.0, f32::max) / spread(whole),
            same_choice: others.iter().all(|other| choice(other) == choice(whole)),
        }
    }))
}

fn spread(scores: &[f32]) -> f32 {
    let count = scores.len() as f32;
    let mean = scores.iter().sum::<f32>() / count;
    (scores.iter().map(|score| (score - mean).powi(2)).sum::<f32>() / count).sqrt()
}

/// The whole answer, or the failure as text.
pub fn ask(model: &dyn ChatModel, request: GenerationRequest) -> Result<(String, GenerationUsage), String> {
    let (text, usage) = model.generate(request).map_err(|error| error.to_string())?.blocking_collect();
    Ok((text, usage.map_err(|error| error.to_string())?))
}

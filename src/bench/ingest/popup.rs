//! How soon does a pop-up come? A browser that listens looks at a product a fourth time; what counts is the time from the
//! sending of that look until `nudge` has arrived on the stream.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, Response, header};
use serde_json::{Value, json};

use super::{EventsPlan, PopUps};
use crate::bench::client::{Client, broken, lost_connection, refusal};
use crate::bench::distribution::Times;
use crate::bench::events::EventReader;
use crate::bench::outcome::{TurnError, code};
use crate::bench::tally::Errors;
use crate::bench::{BenchError, OnProgress, Progress};

/// The looks before the one that counts, in minutes before it: far enough apart to be looks of their own, whatever the
/// server's clock says.
const EARLIER: [i64; 3] = [30, 20, 10];

/// A pop-up that has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many products that bring a pop-up are enough.
const PRODUCTS: usize = 5;

/// A browser with an open session.
struct Browser {
    token: String,
    conversation: String,
}

/// The products that bring a pop-up, found by trying; this also fills caches and connections before anything counts.
///
/// # Errors
/// If none does: then there is nothing to measure.
pub(super) async fn popular(client: &Client, products: &[String]) -> Result<Vec<String>, BenchError> {
    let (mut found, mut why) = (Vec::new(), "no product is named".to_owned());
    for product in products {
        match pop_up(client, product).await {
            Ok(_) => found.push(product.clone()),
            Err(error) => why = format!("{}: {}", error.code, error.message),
        }
        if found.len() == PRODUCTS {
            break;
        }
    }
    if found.is_empty() {
        return Err(BenchError::Failed {
            what: "no fourth look at a product brings a pop-up; name products in stock with --product, or none with --popups 0",
            message: why,
        });
    }
    Ok(found)
}

/// Pop-ups one after the other, on a server that does nothing else.
pub(super) async fn in_a_row(
    client: &Client,
    (plan, products): (&EventsPlan, &[String]),
    progress: OnProgress<'_>,
) -> PopUps {
    let mut tally = Tally::new();
    for (number, product) in products.iter().cycle().take(plan.popups).enumerate() {
        progress(Progress::Measuring { done: number, of: plan.popups, errors: tally.errors.count });
        tally.add(pop_up(client, product).await);
    }
    tally.report()
}

/// Pop-ups spread over the time in which events are reported.
pub(super) async fn meanwhile(
    client: &Client,
    (plan, products): (&EventsPlan, &[String]),
    started: Instant,
) -> PopUps {
    let mut tally = Tally::new();
    let apart = plan.duration.div_f64(plan.popups as f64 + 1.0);
    for (number, product) in (1_u32..).zip(products.iter().cycle().take(plan.popups)) {
        tokio::time::sleep_until((started + apart * number).into()).await;
        // Beyond the end the server would be idle again.
        if started.elapsed() > plan.duration {
            break;
        }
        tally.add(pop_up(client, product).await);
    }
    tally.report()
}

/// One browser nobody has seen before, whose fourth look is answered.
async fn pop_up(client: &Client, product: &str) -> Result<Duration, TurnError> {
    match tokio::time::timeout(PATIENCE, looked_often(client, product)).await {
        Ok(result) => result,
        Err(_) => Err(TurnError::new(code::TIMEOUT, format!("no pop-up for {product}"))),
    }
}

async fn looked_often(client: &Client, product: &str) -> Result<Duration, TurnError> {
    let browser = Browser::open(client).await?;
    let mut stream = browser.listen(client).await?;
    let now = Timestamp::now();
    for minutes in EARLIER {
        let at = now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(now);
        browser.look(client, (product, &format!("{minutes}")), Some(at)).await?;
    }
    let sent = Instant::now();
    // The answer to the look is as long on its way as the pop-up is.
    let last = browser.look(client, (product, "0"), None);
    let (looked, heard) = tokio::join!(last, nudged(&mut stream, sent));
    looked?;
    heard
}

async fn nudged(stream: &mut Response, sent: Instant) -> Result<Duration, TurnError> {
    let mut reader = EventReader::default();
    while let Some(bytes) = stream.chunk().await.map_err(|error| broken(&error))? {
        let heard = sent.elapsed();
        let events = reader.push(&bytes).map_err(|message| TurnError::new(code::MALFORMED, message))?;
        if events.iter().any(|event| event.name == "nudge") {
            return Ok(heard);
        }
    }
    Err(TurnError::new(code::BROKEN_OFF, "the stream ended before a pop-up came"))
}

impl Browser {
    async fn open(client: &Client) -> Result<Self, TurnError> {
        let request = client.request(Method::POST, "/api/v1/session").json(&json!({}));
        let response = sent(request).await?;
        let body: Value = response.json().await.map_err(|error| broken(&error))?;
        let text = |name: &str| {
            let text = body[name].as_str().map(str::to_owned);
            text.ok_or_else(|| TurnError::new(code::MALFORMED, format!("the session has no `{name}`")))
        };
        Ok(Self { token: text("token")?, conversation: text("conversation")? })
    }

    async fn listen(&self, client: &Client) -> Result<Response, TurnError> {
        let path = format!("/api/v1/conversations/{}/stream", self.conversation);
        let request = client.request_of(&self.token, Method::GET, &path);
        sent(request.header(header::ACCEPT, "text/event-stream")).await
    }

    async fn look(
        &self,
        client: &Client,
        (product, id): (&str, &str),
        at: Option<Timestamp>,
    ) -> Result<(), TurnError> {
        let mut event = json!({ "id": id, "type": "product_viewed", "product": product });
        if let Some(at) = at {
            event["at"] = json!(at.to_string());
        }
        let request = client.request_of(&self.token, Method::POST, "/api/v1/events").json(&event);
        let response = sent(request).await?;
        response.bytes().await.map_err(|error| broken(&error))?;
        Ok(())
    }
}

async fn sent(request: reqwest::RequestBuilder) -> Result<Response, TurnError> {
    let response = request.send().await.map_err(|error| lost_connection(&error))?;
    if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
}

struct Tally {
    times: Times,
    errors: Errors,
}

impl Tally {
    fn new() -> Self {
        Self { times: Times::new(), errors: Errors::default() }
    }

    fn add(&mut self, result: Result<Duration, TurnError>) {
        match result {
            Ok(time) => self.times.add(time),
            Err(error) => self.errors.add(&error),
        }
    }

    fn report(self) -> PopUps {
        PopUps {
            ms: self.times.distribution(),
            missing: self.errors.count,
            missing_by_code: self.errors.by_code,
        }
    }
}

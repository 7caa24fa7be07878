//! The cookie of signed-in staff: how it is set, how it is read, and how a request proves to come from the own page.
//!
//! A browser sends the cookie by itself, so whatever changes something also needs a token that only a page of this server
//! can have read. The token is made from the session's, so that it fits no other session and is stored nowhere.

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

use super::{is_signed, sign};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::state::{AppState, DoorSettings};
use crate::staff::StaffAccount;

/// The cookie's name.
pub const COOKIE: &str = "warmdesk_staff";

/// Carries the token that proves a request to come from the own page.
pub const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

/// How long a browser keeps the cookie, in seconds: as long as a session lasts at most.
const LONGEST_SECONDS: u32 = 7 * 86_400;

/// What is signed with the session's token to get the other one.
const PURPOSE: &str = "csrf";

/// What the cookie of a request says.
#[derive(Debug, Clone, Default)]
pub enum Cookie {
    /// There is none.
    #[default]
    Absent,
    /// Its session is over.
    Over,
    /// Its session stands, but a request that changes something does not prove to come from the own page.
    Unproven,
    /// Staff who have signed in.
    Valid(Box<DeskSession>),
}

/// Staff who have signed in.
#[derive(Debug, Clone)]
pub struct DeskSession {
    /// Who they are.
    pub account: StaffAccount,
    /// What their browser shows.
    pub token: SecretString,
}

impl Cookie {
    /// Whoever has signed in.
    ///
    /// # Errors
    /// `key_required` without a cookie, `signed_out` if the session is over, `wrong_csrf_token`.
    pub fn session(&self) -> Result<&DeskSession, ApiError> {
        match self {
            Self::Valid(session) => Ok(session),
            Self::Absent => Err(ApiError::new(ErrorCode::KeyRequired, "this needs a key")
                .hint("send it as `Authorization: Bearer <key>`, or sign in")),
            Self::Over => Err(ApiError::new(ErrorCode::SignedOut, "the session is over")
                .hint("sign in again with POST /api/v1/staff/login")),
            Self::Unproven => {
                Err(ApiError::new(ErrorCode::WrongCsrfToken, "the header x-csrf-token is missing or wrong")
                    .hint("GET /api/v1/staff/me has the `csrf` of this session"))
            }
        }
    }
}

impl DeskSession {
    /// What a request of this session sends as `x-csrf-token`.
    pub fn csrf(&self) -> String {
        sign(&self.token, PURPOSE)
    }

    fn is_proven_by(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
        given.is_some_and(|given| is_signed(&self.token, PURPOSE, given))
    }
}

/// What the cookie of a request says.
pub(super) async fn read(parts: &Parts, state: &AppState) -> Result<Cookie, ApiError> {
    let Some(token) = token(&parts.headers) else { return Ok(Cookie::Absent) };
    let found = state.ports.accounts.session(token).await?;
    let Some(account) = found.filter(|account| account.shop == state.settings.shop) else {
        return Ok(Cookie::Over);
    };
    let session = DeskSession { account, token: SecretString::from(token.to_owned()) };
    if parts.method.is_safe() || session.is_proven_by(&parts.headers) {
        return Ok(Cookie::Valid(Box::new(session)));
    }
    Ok(Cookie::Unproven)
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut own = pairs.filter(|(name, value)| *name == COOKIE && !value.is_empty());
    own.next().map(|(_, value)| value)
}

/// Tells the browser to keep a session's token, out of reach of scripts and of other sites.
pub fn keep(token: &SecretString, headers: &HeaderMap, settings: &DoorSettings) -> HeaderValue {
    line(token.expose_secret(), LONGEST_SECONDS, is_secure(headers, settings))
}

/// Tells the browser to forget the token.
pub fn forget(headers: &HeaderMap, settings: &DoorSettings) -> HeaderValue {
    line("", 0, is_secure(headers, settings))
}

fn line(value: &str, seconds: u32, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let line = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&line).expect("hexadecimal digits can stand in a header")
}

/// Whether the cookie is for HTTPS only. It is, unless the browser asked this very machine over plain HTTP: not every
/// browser would keep such a cookie then.
fn is_secure(headers: &HeaderMap, settings: &DoorSettings) -> bool {
    settings.secure_cookie.unwrap_or_else(|| !asks_this_machine(headers) || came_over_https(headers))
}

fn asks_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()?.parse::<Authority>().ok());
    host.is_some_and(|host| {
        let name = host.host().trim_matches(['[', ']']);
        let address = name.parse::<std::net::IpAddr>();
        name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    })
}

/// What the proxy in front says. A lie about it only makes the liar's own cookie stricter.
fn came_over_https(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let check = |lines: &[(&'static str, &str)], expected: Option<&str>| {
            assert_eq!(token(&headers(lines)), expected, "{lines:?}");
        };
        check(&[], None);
        check(&[("cookie", "warmdesk_staff=abc")], Some("abc"));
        check(&[("cookie", "a=b;warmdesk_staff=abc ; c")], Some("abc"));
        check(&[("cookie", "a=b"), ("cookie", "warmdesk_staff=abc")], Some("abc"));
        check(&[("cookie", "warmdesk_staff_=abc; xwarmdesk_staff=d")], None);
        check(&[("cookie", "warmdesk_staff=")], None);
    }

    #[test]
    fn a_cookie_is_for_https_unless_the_browser_asks_this_machine() {
        let check = |lines: &[(&'static str, &str)], setting: Option<bool>, expected: bool| {
            let settings = DoorSettings { secure_cookie: setting, ..DoorSettings::default() };
            let kept = keep(&SecretString::from("ab"), &headers(lines), &settings);
            let kept = kept.to_str().unwrap();
            assert!(kept.starts_with("warmdesk_staff=ab; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict"));
            assert_eq!(kept.ends_with("; Secure"), expected, "{lines:?} {setting:?}");
        };
        check(&[("host", "localhost:8080")], None, false);
        check(&[("host", "127.0.0.1")], None, false);
        check(&[("host", "[::1]:8080")], None, false);
        check(&[("host", "desk.shop.example")], None, true);
        check(&[("host", "192.168.1.5:8080")], None, true);
        check(&[("host", "localhost.shop.example")], None, true);
        check(&[("host", "127.0.0.1:8080"), ("x-forwarded-proto", "https")], None, true);
        check(&[], None, true);
        check(&[("host", "192.168.1.5:8080")], Some(false), false);
        check(&[("host", "localhost")], Some(true), true);
    }

    #[test]
    fn the_csrf_token_fits_its_own_session_only() {
        let session = |token: &str| DeskSession {
            account: crate::staff::StaffAccount {
                shop: crate::identity::ShopId::default(),
                name: "lin".into(),
                display_name: "小林".into(),
                role: crate::staff::Role::Agent,
                active: true,
                created_at: jiff::Timestamp::UNIX_EPOCH,
                last_login_at: None,
            },
            token: SecretString::from(token),
        };
        let (one, other) = (session("one"), session("other"));
        let proven =
            |session: &DeskSession, given: &str| session.is_proven_by(&headers(&[("x-csrf-token", given)]));
        assert!(proven(&one, &one.csrf()));
        assert!(!proven(&one, &other.csrf()));
        for wrong in ["", "one", &one.csrf()[..62], &format!("{}00", one.csrf())] {
            assert!(!proven(&one, wrong), "{wrong}");
        }
        assert!(!one.is_proven_by(&HeaderMap::new()));
    }
}

//! Pictures of customers: taken if they begin as pictures do, shown to whoever sent them and to the desk, never looked
//! into.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Serialize;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::auth::{Caller, proof_in};
use super::error::{ApiError, ErrorCode, created_answer};
use super::extract::PathOf;
use super::limits::Address;
use super::openapi::Failures;
use super::ports::PortError;
use super::state::AppState;
use crate::conversation::types::Attachment;
use crate::identity::{PictureId, Scope};
use crate::pictures::{MAX_BYTES, NewPicture, Picture, PictureKind, named_by};

/// What a browser may do with a picture: show it, even if the bytes were something else.
const PICTURE_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// After so many bytes nothing more is read, whatever was announced.
const READ_AT_MOST: usize = 4 * MAX_BYTES;

/// What room in memory is counted in, in bytes.
const PIECE: usize = 1024;

/// Room for pictures that are arriving, 256 MB. They may take minutes over a bad connection, and a visitor costs nothing to
/// make: without an end to it, a few thousand that never come to theirs would fill the memory.
static ROOM: Semaphore = Semaphore::const_new(256 * 1024);

/// Somebody for whom there was no room tries again after so many seconds.
const RETRY_SECONDS: u64 = 5;

/// A picture that was taken.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PictureView {
    /// Its id.
    pub id: String,
    /// Its address, which may stand in the attachments of a chat message.
    pub url: String,
}

/// Takes a picture: the body is its bytes, at most 5 MB, and begins as its content type says.
///
/// It belongs to the session's customer or visitor, or to the customer whom the headers `x-warmdesk-customer` and
/// `x-warmdesk-signature` prove. It is stored and shown to people, never interpreted.
#[utoipa::path(
    post, path = "/api/v1/pictures", tag = "chat",
    params(
        ("x-warmdesk-customer" = Option<String>, Header, description = "The customer's id, percent-encoded"),
        ("x-warmdesk-signature" = Option<String>, Header, description = "The hex HMAC-SHA256 of the id"),
    ),
    request_body(content(
        (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/gif"),
    )),
    responses((status = 201, body = PictureView), Failures),
    security(("session" = []), ()),
)]
pub async fn send(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    request: Request,
) -> Result<Response, ApiError> {
    state.limits.admit_address(&caller, address.0)?;
    let proof = proof_in(request.headers())?;
    let scope = caller.customer_scope(&state, proof.as_ref()).await?;
    state.limits.admit_person(&caller, &scope)?;
    let kind = kind_of(request.headers())?;
    // The body is read last: from whom nothing is taken, nothing is read.
    let (bytes, _room) = read(request.into_body()).await?;
    if !kind.begins(&bytes) {
        return Err(unsupported(format!("the body does not begin as {} does", kind.content_type())));
    }
    let session = caller.session.as_ref().filter(|session| session.scope == scope);
    let conversation = session.map(|session| session.conversation.clone());
    let picture = NewPicture { kind, bytes, conversation };
    let kept = state.ports.pictures.keep(scope, picture).await?;
    let view = PictureView { url: kept.address(), id: kept.id.into() };
    Ok(created_answer(Json(view)))
}

/// Shows a picture to the desk and to the customer who sent it; anybody else's is 404.
#[utoipa::path(
    get, path = "/api/v1/pictures/{id}", tag = "chat", params(("id" = String, Path,)),
    responses(
        (status = 200, description = "The bytes as they were sent", content(
            (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/gif"),
        )),
        Failures,
    ),
    security(("session" = []), ("key" = [])),
)]
pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Response, ApiError> {
    let reader = caller.reader()?;
    let id: PictureId = id.parse().map_err(|_| PortError::NotFound("picture"))?;
    let (picture, bytes) = state.ports.pictures.show(reader, id).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(picture.kind.content_type())),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("inline")),
        (header::CONTENT_SECURITY_POLICY, PICTURE_POLICY),
        // A picture never changes, but another may sit down at the same browser.
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
        (header::VARY, HeaderValue::from_static("authorization, cookie, x-warmdesk-session")),
    ];
    Ok((headers, bytes).into_response())
}

/// Completes the pictures among the attachments of a message by what is known of them.
///
/// # Errors
/// `invalid_field` if one is not a picture of whoever sends the message: one that never was and one of somebody else are not
/// told apart.
pub async fn complete(
    state: &AppState,
    scopes: &[Scope],
    attachments: &mut [Attachment],
) -> Result<(), ApiError> {
    for (position, attachment) in attachments.iter_mut().enumerate() {
        let Some(id) = named_by(&attachment.url) else { continue };
        let Some(picture) = own(state, scopes, &id).await? else {
            return Err(ApiError::new(
                ErrorCode::InvalidField,
                format!("attachments[{position}].url: there is no such picture of this customer"),
            )
            .hint("send it with POST /api/v1/pictures under the same session first"));
        };
        attachment.kind = "image".to_owned();
        attachment.bytes = Some(picture.bytes);
        attachment.sha256 = Some(picture.sha256);
    }
    Ok(())
}

async fn own(state: &AppState, scopes: &[Scope], id: &PictureId) -> Result<Option<Picture>, ApiError> {
    for scope in scopes {
        match state.ports.pictures.own(scope.clone(), id.clone()).await {
            Ok(picture) => return Ok(Some(picture)),
            Err(PortError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Reads a body to its end. One that is somewhat too large is read on and thrown away, because a browser that is cut off while
/// it sends shows no answer at all. With the bytes comes the room they take.
async fn read(body: Body) -> Result<(Vec<u8>, Option<SemaphorePermit<'static>>), ApiError> {
    let mut parts = body.into_data_stream();
    let (mut bytes, mut length, mut room) = (Vec::new(), 0_usize, None);
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| {
            ApiError::new(ErrorCode::InvalidParameter, "the body could not be read to its end")
        })?;
        length = length.saturating_add(part.len());
        if length <= MAX_BYTES {
            take_room(&mut room, length)?;
            bytes.extend_from_slice(&part);
        } else if length > READ_AT_MOST {
            break;
        } else {
            (bytes, room) = (Vec::new(), None);
        }
    }
    if length > MAX_BYTES { Err(too_large()) } else { Ok((bytes, room)) }
}

/// Sees to it that there is room for so many bytes in all.
fn take_room(room: &mut Option<SemaphorePermit<'static>>, bytes: usize) -> Result<(), ApiError> {
    let held = room.as_ref().map_or(0, SemaphorePermit::num_permits);
    let missing = u32::try_from(bytes.div_ceil(PIECE).saturating_sub(held)).unwrap_or(u32::MAX);
    let more = ROOM.try_acquire_many(missing).map_err(|_| ApiError::too_many(RETRY_SECONDS))?;
    match room {
        Some(held) => held.merge(more),
        None => *room = Some(more),
    }
    Ok(())
}

fn kind_of(headers: &HeaderMap) -> Result<PictureKind, ApiError> {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    named
        .and_then(PictureKind::of_content_type)
        .ok_or_else(|| unsupported("the content type is no picture's"))
}

fn unsupported(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::UnsupportedPicture, message)
        .hint("image/jpeg, image/png, image/webp and image/gif are taken")
}

fn too_large() -> ApiError {
    let megabytes = MAX_BYTES / (1024 * 1024);
    ApiError::new(ErrorCode::BodyTooLarge, format!("a picture has at most {megabytes} MB"))
        .hint("make it smaller, as a phone does when it sends a picture")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use futures_util::stream;

    /// All of it in one test: the room is one for the whole program.
    #[tokio::test]
    async fn there_is_room_for_so_much_and_it_is_given_back() {
        let free = ROOM.available_permits();
        let body = |parts: usize, size: usize| {
            let part = move |_| Ok::<_, std::io::Error>(Bytes::from(vec![7; size]));
            Body::from_stream(stream::iter(0..parts).map(part))
        };
        let (bytes, room) = read(body(3000, 1)).await.unwrap();
        assert_eq!(
            (bytes.len(), free - ROOM.available_permits()),
            (3000, 3),
            "small parts count as what they are"
        );
        drop(room);
        assert_eq!(read(body(6, 1024 * 1024)).await.unwrap_err().code(), ErrorCode::BodyTooLarge);
        assert_eq!(ROOM.available_permits(), free);
        let taken = ROOM.try_acquire_many(u32::try_from(free - 2).unwrap()).unwrap();
        assert_eq!(read(body(3000, 1)).await.unwrap_err().code(), ErrorCode::TooManyRequests);
        drop(taken);
        assert_eq!(ROOM.available_permits(), free);
    }
}

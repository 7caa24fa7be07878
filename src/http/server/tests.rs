//! How is a connection prepared before anything is read from it?

use super::*;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_ends_when_its_other_end_has_vanished_and_delays_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let caller = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    prepare(&accepted);
    assert!(accepted.nodelay().unwrap());
    let timeout = rustix::net::sockopt::tcp_user_timeout(&accepted).unwrap();
    let longest = VANISHED_AFTER.as_millis();
    assert_eq!(u128::from(timeout), longest);
    assert!(VANISHED_AFTER > crate::http::chat::KEEP_ALIVE, "a stream that is only quiet is kept");
    drop(caller);
}

//! Which addresses lead out of this machine and its network? Names are looked up here, every address that comes of one is
//! checked, and the connection is made to the checked addresses: a name that means another machine a moment later is of
//! no use to anybody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name that leads to this machine or network.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{name}` leads to {address}, this machine or a private network; `webhooks.allow_private` allows such addresses"
)]
struct Inside {
    name: String,
    address: IpAddr,
}

/// Looks names up, and refuses those that lead inside.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One bad address among good ones is enough: nobody can know which of them is taken.
            if let Some(inside) = found.iter().find(|address| !is_public(address.ip())) {
                return Err(Inside { name, address: inside.ip() }.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether a host may lead outside: an address in numbers that does, or a name that is to be looked up.
pub(super) fn host_is_public(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => is_public(address),
        Err(_) => {
            let name = bare.trim_end_matches('.').to_ascii_lowercase();
            name != "localhost" && !name.ends_with(".localhost")
        }
    }
}

/// Whether an address is one of the open internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation();
    let reserved = match address.octets() {
        // This network, and what is reserved together with broadcast.
        [0 | 240..=255, ..] => true,
        // Behind the address translation of a provider.
        [100, second, ..] => (64..128).contains(&second),
        // Protocol assignments, and the relays that led to IPv6.
        [192, 0, 0, _] | [192, 88, 99, _] => true,
        // Measurements between networks.
        [198, second, ..] => (18..20).contains(&second),
        _ => false,
    };
    !special && !reserved
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    if let Some(inner) = carried(parts) {
        return is_public_v4(inner);
    }
    // Only this block is the open internet; in it are documentation, and tunnels that lead anywhere.
    let outside = parts[0] & 0xe000 == 0x2000;
    let documentation = (parts[0] == 0x2001 && parts[1] == 0x0db8) || parts[0] == 0x3fff;
    let assigned = parts[0] == 0x2001 && parts[1] < 0x0200;
    outside && !documentation && !assigned
}

/// The address of the older kind that one of the newer kind carries, and to which packets would go.
fn carried(parts: [u16; 8]) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let [first, second] = high.to_be_bytes();
        let [third, fourth] = low.to_be_bytes();
        Ipv4Addr::new(first, second, third, fourth)
    };
    match parts {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(of(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

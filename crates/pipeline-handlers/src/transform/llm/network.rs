//! Keeps addresses that users name out of the networks around the server: its own ports, its neighbours, the metadata
//! service of its cloud.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves names, and gives only addresses of the public Internet. The connection is made to what was checked, so that a
/// name cannot change its meaning in between.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicOnly;

impl PublicOnly {
    /// Whether the host of a URL may be asked for. Names are checked when they are resolved, addresses here.
    pub(super) fn allows_host(url: &str) -> bool {
        let Ok(url) = Url::parse(url) else { return false };
        let Some(host) = url.host_str() else { return false };
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) => is_public(address),
            Err(_name) => true,
        }
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name has no address in the public Internet".into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address is one of the public Internet, by the special-purpose registries of IANA (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_assignment = (a, b, c) == (192, 0, 0);
    let is_benchmark = a == 198 && (b & 0xfe) == 18;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || is_shared
        || is_assignment
        || is_benchmark)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    // Global unicast is 2000::/3. Of it, tunnels and translations (2001::/23, 2002::/16) can hide an inner address.
    (first & 0xe000) == 0x2000
        && !(first == 0x2001 && address.segments()[1] < 0x0200)
        && first != 0x2002
        && !(first == 0x2001 && address.segments()[1] == 0x0db8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        for (host, public) in [
            ("93.184.216.34", true),
            ("api.example.org", true),
            ("[2606:4700::1111]", true),
            ("127.0.0.1", false),
            ("2130706433", false),
            ("0x7f.1", false),
            ("10.1.2.3", false),
            ("172.20.0.1", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("[::1]", false),
            ("[::ffff:127.0.0.1]", false),
            ("[fe80::1]", false),
            ("[fd00::1]", false),
            ("[2001:db8::1]", false),
            ("[2002:7f00:1::]", false),
        ] {
            assert_eq!(PublicOnly::allows_host(&format!("http://{host}:8000/v1")), public, "{host}");
        }
    }

    #[tokio::test]
    async fn names_of_this_machine_do_not_resolve() {
        let name = "localhost".parse().expect("a name");
        assert!(PublicOnly.resolve(name).await.is_err());
    }
}

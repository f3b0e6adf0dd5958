//! Which shop a delivery says it comes from.

/// A site's URL in the one form we compare: without scheme, `www` kept, host in lower case, no default port, no
/// slash at the end (`shop.example/eu`). The scheme is dropped because a shop that moves to https stays itself.
pub fn site(url: &str) -> String {
    let url = url.trim();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_ascii_lowercase();
    let host = host
        .strip_suffix(":443")
        .or_else(|| host.strip_suffix(":80"))
        .unwrap_or(&host);
    let path = path.trim_matches('/');
    if path.is_empty() {
        host.to_owned()
    } else {
        format!("{host}/{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::site;

    #[test]
    fn one_form_per_site() {
        for (url, expect) in [
            ("http://127.0.0.1:8091/", "127.0.0.1:8091"),
            ("https://Shop.Example", "shop.example"),
            ("https://shop.example:443/", "shop.example"),
            ("http://shop.example:80/eu/", "shop.example/eu"),
            ("shop.example/EU?x=1", "shop.example/EU"),
            ("", ""),
        ] {
            assert_eq!(site(url), expect, "{url}");
        }
    }
}

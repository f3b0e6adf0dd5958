//! Names for new stores.

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Eight random characters of lower-case base32: forty bits, enough to keep a shop's few stores apart.
pub fn new_store_id() -> String {
    let random = uuid::Uuid::new_v4().into_bytes();
    random
        .iter()
        .take(8)
        .map(|byte| char::from(ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'a')))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_store_id_is_accepted_by_the_store() {
        for _ in 0..100 {
            let id = new_store_id();
            assert_eq!(amends_storage::Identity::new(&id, 0).unwrap().store_id, id);
        }
    }
}

//! Finding by e-mail address without keeping one.

use amends_engine::Digest;
use amends_storage::{EncodeError, Key, Kind, ReadError, Store, Write, codec};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

const VERSION: u16 = 1;
/// Bytes of the digest that are kept: enough that no two buyers of one store share one.
const KEPT_BYTES: usize = 16;

/// The store's own key, under which e-mail addresses become index values. Who has the index alone can neither read
/// nor try out addresses.
#[derive(Clone)]
pub struct EmailKey([u8; 32]);

impl std::fmt::Debug for EmailKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailKey(…)")
    }
}

impl EmailKey {
    fn place() -> Key {
        Key::Meta("find/email-key".to_owned())
    }

    /// The key of `store`; `None` before the first one is made.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed or the entry is damaged.
    pub fn read<S: Store>(store: &S) -> Result<Option<Self>, ReadError> {
        let place = Self::place();
        let Some(sealed) = store.get(&place)? else {
            return Ok(None);
        };
        match codec::decode(Kind::Meta, &sealed) {
            Ok((_, key)) => Ok(Some(Self(key))),
            Err(error) => Err(ReadError::Damaged {
                key: place.stored(store.partition()),
                meaning: error.to_string(),
            }),
        }
    }

    /// A new key and what keeps it.
    pub(crate) fn make() -> Result<(Self, Write), EncodeError> {
        let mut random = Sha256::new();
        for _ in 0..2 {
            random.update(uuid::Uuid::new_v4().as_bytes());
        }
        let key: [u8; 32] = random.finalize().into();
        let value = codec::encode(Kind::Meta, VERSION, &key)?;
        let place = Self::place();
        Ok((Self(key), Write::Put { key: place, value }))
    }

    /// The index value of an address; upper and lower case and spaces around it make no difference.
    pub fn digest(&self, address: &str) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        mac.update(address.trim().to_lowercase().as_bytes());
        let digest = Digest(mac.finalize().into_bytes().into()).to_string();
        digest.get(..2 * KEPT_BYTES).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_address_and_store_alone() {
        let (one, _) = EmailKey::make().unwrap();
        let (other, _) = EmailKey::make().unwrap();
        let digest = one.digest("ana@example.test");
        assert_eq!(digest.len(), 2 * KEPT_BYTES);
        assert_eq!(digest, one.digest("  Ana@Example.TEST "));
        assert_ne!(digest, one.digest("ann@example.test"));
        assert_ne!(digest, other.digest("ana@example.test"));
    }
}

//! What shows a listener that a notice is ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use thiserror::Error;

/// Signs notices as Standard Webhooks says.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

/// The secret cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignerError {
    /// What follows `whsec_` is not base64.
    #[error("what follows `whsec_` has to be base64: copy the secret anew, or use any other text")]
    NotBase64,
    /// It is empty.
    #[error("it is empty: make one, for example with `openssl rand -base64 32`")]
    Empty,
}

impl Signer {
    /// A signer with `secret`: `whsec_` and base64, or any text.
    ///
    /// # Errors
    /// [`SignerError`].
    pub fn new(secret: &str) -> Result<Self, SignerError> {
        let key = match secret.strip_prefix("whsec_") {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| SignerError::NotBase64)?,
            None => secret.as_bytes().to_vec(),
        };
        if key.is_empty() {
            return Err(SignerError::Empty);
        }
        // HMAC takes a key of any other length.
        Hmac::new_from_slice(&key)
            .map(Self)
            .map_err(|_| SignerError::Empty)
    }

    /// The value of `webhook-signature`.
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let mut keyed = self.0.clone();
        keyed.update(format!("{id}.{timestamp_s}.").as_bytes());
        keyed.update(body);
        format!("v1,{}", STANDARD.encode(keyed.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn signs_as_the_specification_does() {
        let signer = Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = signer.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_signs_nothing_is_refused() {
        assert_eq!(Signer::new("").err(), Some(SignerError::Empty));
        assert_eq!(Signer::new("whsec_").err(), Some(SignerError::Empty));
        assert_eq!(Signer::new("whsec_%%%").err(), Some(SignerError::NotBase64));
    }
}

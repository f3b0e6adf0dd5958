//! Whole numbers in bodies: JSON knows one kind of number, and `41.0` is as whole as `41`.

use serde::{Deserialize, Deserializer, de};

/// Beyond it a number with a point no longer says which whole number it means.
const EXACT_MAX: f64 = 9_007_199_254_740_991.0;

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Plain(u64),
    Pointed(f64),
}

/// Reads a whole number, however it is written: one that the `int64` of the document holds.
pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Option::<Written>::deserialize(deserializer) {
        Ok(None) => Ok(None),
        // The API's whole numbers are signed, like those of most who call it.
        Ok(Some(Written::Plain(number))) if i64::try_from(number).is_ok() => Ok(Some(number)),
        Ok(Some(Written::Pointed(number)))
            if number.fract() == 0.0 && (0.0..=EXACT_MAX).contains(&number) =>
        {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the guard leaves whole numbers that fit"
            )]
            Ok(Some(number as u64))
        }
        Ok(Some(Written::Plain(_) | Written::Pointed(_))) | Err(_) => {
            Err(de::Error::custom("a whole number from 0 on is expected"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::optional;

    #[derive(serde::Deserialize)]
    struct Holder {
        #[serde(default, deserialize_with = "optional")]
        number: Option<u64>,
    }

    #[test]
    fn a_point_makes_no_difference_and_a_fraction_does() {
        let read = |text: &str| {
            serde_json::from_str::<Holder>(text)
                .map(|holder| holder.number)
                .ok()
        };
        assert_eq!(read(r#"{"number": 41}"#), Some(Some(41)));
        assert_eq!(read(r#"{"number": 41.0}"#), Some(Some(41)));
        assert_eq!(
            read(r#"{"number": 9223372036854775807}"#),
            Some(Some(u64::MAX >> 1))
        );
        assert_eq!(read(r#"{"number": null}"#), Some(None));
        assert_eq!(read("{}"), Some(None));
        for wrong in [
            "41.5",
            "-1",
            "-1.0",
            "1e300",
            "9223372036854775808",
            "\"41\"",
            "true",
        ] {
            assert_eq!(read(&format!(r#"{{"number": {wrong}}}"#)), None, "{wrong}");
        }
    }
}

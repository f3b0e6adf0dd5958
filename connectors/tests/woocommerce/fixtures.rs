//! The genuine deliveries of `tests/fixtures/woocommerce`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use amends_connectors::woocommerce::delivery::{Delivery, Headers, Limits, classify};
use amends_connectors::woocommerce::order::parse;
use amends_workflows::model::{Order, Shop};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// One captured request.
#[derive(Debug, Deserialize)]
pub(crate) struct Capture {
    #[serde(skip)]
    pub(crate) file: String,
    pub(crate) secret: String,
    pub(crate) signature_valid: Option<bool>,
    headers: Vec<(String, String)>,
    body_base64: String,
}

impl Capture {
    pub(crate) fn headers(&self) -> Headers {
        Headers::from_pairs(
            self.headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        )
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        STANDARD.decode(&self.body_base64).unwrap()
    }

    pub(crate) fn class(&self) -> Delivery {
        let limits = Limits {
            sources: vec!["https://127.0.0.1:8091".into()],
            ..Limits::default()
        };
        classify(&self.headers(), &self.body(), &limits)
    }

    pub(crate) fn order(&self) -> Option<Order> {
        matches!(self.class(), Delivery::Snapshot { .. }).then(|| parse(&self.body(), &shop()).unwrap())
    }
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/woocommerce")
}

/// Every delivery, in file order: the order in which they arrived.
pub(crate) fn captures() -> &'static [Capture] {
    static CAPTURES: OnceLock<Vec<Capture>> = OnceLock::new();
    CAPTURES.get_or_init(|| {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
            .iter()
            .filter(|path| is_delivery(path))
            .map(|path| read(path))
            .collect()
    })
}

pub(crate) fn capture(prefix: &str) -> &'static Capture {
    captures()
        .iter()
        .find(|capture| capture.file.starts_with(prefix))
        .unwrap()
}

fn is_delivery(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    path.extension().is_some_and(|extension| extension == "json")
        && name.starts_with(|first: char| first.is_ascii_digit())
}

fn read(path: &Path) -> Capture {
    let capture: Capture = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    Capture {
        file: path.file_name().unwrap().to_str().unwrap().to_owned(),
        ..capture
    }
}

pub(crate) fn shop() -> Shop {
    Shop {
        meta: vec!["_saga_channel".into()],
        ..Shop::named("eu-shop")
    }
}

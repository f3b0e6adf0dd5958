//! A configuration, the world it speaks to, and the binary.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// What a command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `amends` with these arguments.
pub(crate) fn amends(args: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_amends"))
        .args(args)
        .env("NO_COLOR", "1")
        .env_remove("AMENDS_CONFIG")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `amends sandbox` in a process of its own.
pub(crate) struct World {
    process: Child,
    addresses: serde_json::Value,
}

impl World {
    pub(crate) fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_amends"))
            .arg("sandbox")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            process,
            addresses: serde_json::from_str(&line).unwrap(),
        }
    }

    /// `http://` and the address of a system or of the shop `demo`.
    pub(crate) fn url(&self, system: &str) -> String {
        let shops = self.addresses.get("shops").unwrap();
        let address = self.addresses.get(system).or_else(|| shops.get(system));
        format!("http://{}", address.unwrap().as_str().unwrap())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A connector of the configuration.
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    pub(crate) recipe: &'a str,
    pub(crate) base_url: String,
    /// Further lines of its table.
    pub(crate) more: String,
}

impl<'a> Entry<'a> {
    /// With the secrets that the sandbox takes.
    pub(crate) fn new(name: &'a str, recipe: &'a str, base_url: impl Into<String>) -> Self {
        let secrets = match recipe {
            "stripe" => "api_key = { literal = \"sk_sandbox\" }",
            "warehouse" => {
                "api_key = { literal = \"sandbox-key\" }, callback = { literal = \"sandbox-callback-secret\" }"
            }
            "woocommerce" => {
                "consumer_key = { literal = \"ck_sandbox\" }, consumer_secret = { literal = \"cs_sandbox\" }"
            }
            _ => "password = { literal = \"sandbox-password\" }",
        };
        Self {
            name,
            recipe,
            base_url: base_url.into(),
            more: format!("secrets = {{ {secrets} }}\n"),
        }
    }
}

/// A configuration file with the shop `demo`.
pub(crate) struct Setting {
    folder: TempDir,
}

impl Setting {
    pub(crate) fn new(entries: &[Entry<'_>]) -> Self {
        let mut text = String::from(
            r#"[shops.demo]
url = "https://127.0.0.1:8091"
secrets = [{ literal = "whsec-fixture-1" }]
country = "US"

[shops.demo.connectors]
erp = "erp"
payments = "payments"
warehouse = "warehouse"
storefront = "storefront"

[shops.demo.gateways]
stripe = { taken_by = "shop-captured" }
bacs = { taken_by = "offline", tender = "bank" }
cod = { taken_by = "offline", tender = "cash-on-delivery", on_delivery = true }
"#,
        );
        for entry in entries {
            write!(
                text,
                "\n[connectors.{}]\nrecipe = \"{}\"\nbase_url = \"{}\"\n{}",
                entry.name, entry.recipe, entry.base_url, entry.more
            )
            .unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("amends.toml"), text).unwrap();
        Self { folder }
    }

    /// Writes a file beside the configuration.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn config(&self) -> String {
        self.folder
            .path()
            .join("amends.toml")
            .to_str()
            .unwrap()
            .to_owned()
    }
}

/// A genuine delivery.
pub(crate) fn delivery(prefix: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/woocommerce");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix))
        .collect();
    found.sort();
    found.first().unwrap().to_str().unwrap().to_owned()
}
